#include <ukstore/store/hash.h>

#include <openssl/evp.h>

#include <cassert>
#include <memory>
#include <new>

namespace ukstore {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Making a context costs more than hashing a small object (400 ns against 142 ns), so each thread
// keeps one.  It holds no state between calls.
EVP_MD_CTX* context() {
  thread_local std::unique_ptr<EVP_MD_CTX, FreeContext> kept = [] {
    std::unique_ptr<EVP_MD_CTX, FreeContext> made(EVP_MD_CTX_new());
    if (!made || EVP_DigestInit_ex(made.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    return made;
  }();
  return kept.get();
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(const Hash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (uint8_t byte : hash.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<Hash> hash_from_hex(std::string_view text) {
  if (text.size() != 64) return std::nullopt;
  Hash hash;
  for (size_t i = 0; i < 32; ++i) {
    int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return hash;
}

Hash hash_object(ObjectKind kind, BytesView canonical) {
  char head[9];
  head[0] = static_cast<char>(kind);
  store_le<uint64_t>(head + 1, canonical.size());
  EVP_MD_CTX* sha = context();
  Hash hash;
  // There is no key: all that can be wanting is memory, and only here.
  if (EVP_DigestInit_ex(sha, nullptr, nullptr) != 1) throw std::bad_alloc();
  int ok = EVP_DigestUpdate(sha, head, sizeof head);
  ok &= EVP_DigestUpdate(sha, canonical.data(), canonical.size());
  ok &= EVP_DigestFinal_ex(sha, hash.bytes.data(), nullptr);
  assert(ok == 1);
  return hash;
}

}  // namespace ukstore
