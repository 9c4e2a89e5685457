#pragma once
// The two functions behind the random pool: BLAKE2s (RFC 7693) to mix sources, and ChaCha20
// (RFC 8439) to give out bytes.  Pure; tested against the RFCs' vectors.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ukstore::libos {

// BLAKE2s-256 without a key.
class Blake2s {
 public:
  Blake2s();
  void add(std::span<const std::byte> bytes);
  std::array<std::byte, 32> finish();

 private:
  void compress(bool last);
  uint32_t state_[8];
  std::byte block_[64];
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

// One block of the key stream.
std::array<std::byte, 64> chacha20_block(std::span<const std::byte, 32> key, uint32_t counter,
                                         std::span<const std::byte, 12> nonce);

}  // namespace ukstore::libos
