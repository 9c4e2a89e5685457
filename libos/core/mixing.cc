#include <ukstore/libos/core/mixing.h>

#include <bit>
#include <cstring>

namespace ukstore::libos {
namespace {

constexpr uint32_t kInitial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

void mix(uint32_t* v, int a, int b, int c, int d, uint32_t x, uint32_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 7);
}

void quarter(uint32_t* s, int a, int b, int c, int d) {
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 16);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 12);
  s[a] += s[b];
  s[d] = std::rotl(s[d] ^ s[a], 8);
  s[c] += s[d];
  s[b] = std::rotl(s[b] ^ s[c], 7);
}

}  // namespace

Blake2s::Blake2s() {
  std::memcpy(state_, kInitial, sizeof state_);
  state_[0] ^= 0x01010020;  // 32 bytes of digest, no key, sequential
  std::memset(block_, 0, sizeof block_);
}

void Blake2s::compress(bool last) {
  uint32_t m[16], v[16];
  std::memcpy(m, block_, sizeof m);
  for (int i = 0; i < 8; ++i) {
    v[i] = state_[i];
    v[i + 8] = kInitial[i];
  }
  v[12] ^= static_cast<uint32_t>(total_);
  v[13] ^= static_cast<uint32_t>(total_ >> 32);
  if (last) v[14] = ~v[14];
  for (const auto& s : kSigma) {
    for (int i = 0; i < 4; ++i) {
      mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
    }
    for (int i = 0; i < 4; ++i) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
          m[s[9 + 2 * i]]);
    }
  }
  for (int i = 0; i < 8; ++i) state_[i] ^= v[i] ^ v[i + 8];
}

void Blake2s::add(std::span<const std::byte> bytes) {
  for (std::byte byte : bytes) {
    if (filled_ == sizeof block_) {
      total_ += sizeof block_;
      compress(false);
      filled_ = 0;
    }
    block_[filled_++] = byte;
  }
}

std::array<std::byte, 32> Blake2s::finish() {
  total_ += filled_;
  std::memset(block_ + filled_, 0, sizeof block_ - filled_);
  compress(true);
  std::array<std::byte, 32> digest;
  std::memcpy(digest.data(), state_, digest.size());
  return digest;
}

std::array<std::byte, 64> chacha20_block(std::span<const std::byte, 32> key, uint32_t counter,
                                         std::span<const std::byte, 12> nonce) {
  uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::memcpy(start + 4, key.data(), 32);
  start[12] = counter;
  std::memcpy(start + 13, nonce.data(), 12);
  uint32_t s[16];
  std::memcpy(s, start, sizeof s);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) quarter(s, i, i + 4, i + 8, i + 12);
    for (int i = 0; i < 4; ++i) quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
  }
  for (int i = 0; i < 16; ++i) s[i] += start[i];
  std::array<std::byte, 64> out;
  std::memcpy(out.data(), s, sizeof s);
  return out;
}

}  // namespace ukstore::libos
