// OpenSSL: digests, signatures, and certificates for the tests of TLS.

#include "crypto.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <cstring>
#include <memory>

namespace probe {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

Key new_key() { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

void sha256() {
  unsigned char digest[32];
  unsigned size = 0;
  expect(EVP_Digest("abc", 3, digest, &size, EVP_sha256(), nullptr) == 1 && size == 32);
  expect(digest[0] == 0xba && digest[1] == 0x78 && digest[31] == 0xad);
}

void ed25519() {
  Key key = new_key();
  expect(key != nullptr);
  const unsigned char text[] = "a commit";
  unsigned char signature[64];
  size_t size = sizeof signature;
  Digest context(EVP_MD_CTX_new());
  expect(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  expect(EVP_DigestSign(context.get(), signature, &size, text, sizeof text) == 1 && size == 64);
  Digest verifier(EVP_MD_CTX_new());
  expect(EVP_DigestVerifyInit(verifier.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  expect(EVP_DigestVerify(verifier.get(), signature, size, text, sizeof text) == 1);
  signature[5] ^= 1;
  Digest again(EVP_MD_CTX_new());
  expect(EVP_DigestVerifyInit(again.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  expect(EVP_DigestVerify(again.get(), signature, size, text, sizeof text) != 1);
}

void randomness() {
  unsigned char a[32], b[32];
  expect(RAND_bytes(a, sizeof a) == 1 && RAND_bytes(b, sizeof b) == 1);
  expect(std::memcmp(a, b, sizeof a) != 0);
}

}  // namespace

Identity make_identity() {
  Key key = new_key();
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * 3650);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("probe"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  expect(X509_sign(certificate.get(), key.get(), nullptr) > 0, "sign");
  Memory key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  return {text_of(key_text.get()), text_of(certificate_text.get())};
}

std::vector<Test> crypto_tests() {
  return {
      {"crypto/sha256", sha256}, {"crypto/ed25519", ed25519}, {"crypto/randomness", randomness}};
}

}  // namespace probe
