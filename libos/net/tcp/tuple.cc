#include <ukstore/libos/net/tcp/tuple.h>

#include <bit>
#include <cstring>

namespace ukstore::net {
namespace {

// SipHash-2-4 (Aumasson and Bernstein, 2012) over whole 64-bit words.
class SipHash {
 public:
  explicit SipHash(SecretKey key)
      : v0_(key.low ^ 0x736f6d6570736575),
        v1_(key.high ^ 0x646f72616e646f6d),
        v2_(key.low ^ 0x6c7967656e657261),
        v3_(key.high ^ 0x7465646279746573) {}

  void add(uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
    bytes_ += 8;
  }

  uint64_t finish() {
    add(uint64_t{bytes_} << 56);
    v2_ ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_, v1_ = std::rotl(v1_, 13) ^ v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17) ^ v2_, v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
  uint8_t bytes_ = 0;
};

}  // namespace

uint64_t keyed_hash(SecretKey key, const Tuple& tuple, uint64_t salt) {
  SipHash hash(key);
  auto add_address = [&hash](const AddressBytes& address) {
    uint64_t words[2];
    std::memcpy(words, address.data(), sizeof words);
    hash.add(words[0]);
    hash.add(words[1]);
  };
  add_address(tuple.local);
  add_address(tuple.remote);
  hash.add(uint64_t{tuple.local_port} << 16 | tuple.remote_port);
  hash.add(salt);
  return hash.finish();
}

}  // namespace ukstore::net
