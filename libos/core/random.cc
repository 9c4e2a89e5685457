#include <ukstore/libos/core/random.h>

#include <cstring>

#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/devices.h>
#include <ukstore/libos/core/mixing.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

constexpr size_t kSeedBytes = 32;

std::array<std::byte, 32> key;
bool by_rdseed = false, by_rdrand = false, by_device = false;

// 64 bits from the processor; false if it has none to give.
bool rdseed(uint64_t& value) {
  for (int tries = 0; tries < 100; ++tries) {
    bool good;
    asm volatile("rdseed %0" : "=r"(value), "=@ccc"(good));
    if (good) return true;
  }
  return false;
}
bool rdrand(uint64_t& value) {
  for (int tries = 0; tries < 100; ++tries) {
    bool good;
    asm volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
    if (good) return true;
  }
  return false;
}

bool add_processor(Blake2s& pool, bool (*source)(uint64_t&)) {
  for (size_t i = 0; i < kSeedBytes / 8; ++i) {
    uint64_t value = 0;
    if (!source(value)) return false;
    pool.add(std::as_bytes(std::span(&value, 1)));
  }
  return true;
}

}  // namespace

void random_start(std::string_view seed) {
  Blake2s pool;
  by_rdseed = cpuid(0).eax >= 7 && cpuid(7).ebx & 1u << 18 && add_processor(pool, rdseed);
  by_rdrand = cpuid(1).ecx & 1u << 30 && add_processor(pool, rdrand);
  std::byte device[kSeedBytes];
  by_device = random_from_device(device);
  if (by_device) pool.add(device);
  if (!by_rdseed && !by_rdrand && !by_device) {
    panic(Trap::no_randomness, "neither RDSEED, RDRAND nor virtio-rng: no source of chance");
  }
  log("random: from", by_rdseed ? " rdseed" : "", by_rdrand ? " rdrand" : "",
      by_device ? " virtio-rng" : "");
  uint64_t now = read_tsc();
  pool.add(std::as_bytes(std::span(&now, 1)));
  pool.add(std::as_bytes(std::span(seed.data(), seed.size())));
  key = pool.finish();
}

void random_fill(std::byte* out, size_t bytes) {
  constexpr std::array<std::byte, 12> kNonce{};
  uint32_t counter = 0;
  auto fresh = chacha20_block(key, counter++, kNonce);
  while (bytes) {
    auto block = chacha20_block(key, counter++, kNonce);
    size_t part = bytes < block.size() ? bytes : block.size();
    std::memcpy(out, block.data(), part);
    out += part;
    bytes -= part;
  }
  std::memcpy(key.data(), fresh.data(), key.size());
}

}  // namespace ukstore::libos
