#include <ukstore/merge/exchange/git_id.h>

#include <openssl/evp.h>

#include <cassert>

namespace ukstore {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(const GitId& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(40);
  for (uint8_t byte : id.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<GitId> git_id_from_hex(BytesView text) {
  GitId id;
  if (text.size() != 2 * id.bytes.size()) return std::nullopt;
  for (size_t i = 0; i < id.bytes.size(); ++i) {
    int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return id;
}

struct GitHasher::Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
};

GitHasher::GitHasher() : context_(std::make_unique<Context>()) {
  assert(context_->algorithm && context_->context);
}

GitHasher::~GitHasher() = default;

void GitHasher::start(BytesView kind, uint64_t size) {
  [[maybe_unused]] int ok = EVP_DigestInit_ex2(context_->context, context_->algorithm, nullptr);
  assert(ok);
  Bytes header(kind);
  header += ' ' + std::to_string(size);
  header.push_back('\0');
  add(header);
}

void GitHasher::add(BytesView bytes) {
  [[maybe_unused]] int ok = EVP_DigestUpdate(context_->context, bytes.data(), bytes.size());
  assert(ok);
}

GitId GitHasher::finish() {
  GitId id;
  [[maybe_unused]] int ok = EVP_DigestFinal_ex(context_->context, id.bytes.data(), nullptr);
  assert(ok);
  return id;
}

}  // namespace ukstore
