// Who gets in: TLS 1.3 with keys as names, and nobody else.

#include <ukstore/sync/secure.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <gtest/gtest.h>

#include <memory>

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

Identity identity(uint8_t seed) {
  std::array<uint8_t, 32> bytes{};
  bytes[0] = seed;
  return must(Identity::from_seed(bytes));
}

struct Handshake {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();

  // Both ends' outcomes: the peer's fingerprint, or nothing for a failure.
  struct Outcome {
    std::optional<Bytes> server, client;
  };
  Outcome run(kj::Promise<SecureStream> server, kj::Promise<SecureStream> client) {
    Outcome outcome;
    auto watch = [](kj::Promise<SecureStream> promise, std::optional<Bytes>& to) {
      return promise
          .then(
              [&to](SecureStream&& peer) -> kj::Own<kj::AsyncIoStream> {
                to = peer.fingerprint;
                return kj::mv(peer.stream);
              },
              [](kj::Exception&&) -> kj::Own<kj::AsyncIoStream> { return {}; })
          .eagerlyEvaluate(nullptr);
    };
    auto s = watch(kj::mv(server), outcome.server), c = watch(kj::mv(client), outcome.client);
    s.poll(scope);
    c.poll(scope);
    return outcome;
  }
};

TEST(Secure, BothEndsLearnEachOthersFingerprint) {
  Handshake handshake;
  SecureTransport a(identity(1)), b(identity(2));
  auto outcome = handshake.run(b.accept(kj::mv(handshake.pipe.ends[1])),
                               a.dial(kj::mv(handshake.pipe.ends[0]), identity(2).fingerprint()));
  EXPECT_EQ(outcome.server, identity(1).fingerprint());
  EXPECT_EQ(outcome.client, identity(2).fingerprint());
}

TEST(Secure, AnotherKeyThanExpectedIsRefusedByTheDialler) {
  Handshake handshake;
  SecureTransport a(identity(1)), b(identity(2));
  auto outcome = handshake.run(b.accept(kj::mv(handshake.pipe.ends[1])),
                               a.dial(kj::mv(handshake.pipe.ends[0]), identity(3).fingerprint()));
  EXPECT_FALSE(outcome.client);
}

TEST(Secure, PlainTextIsRefused) {
  Handshake handshake;
  SecureTransport b(identity(2));
  Bytes hello = "GET / HTTP/1.1\r\n\r\n";
  auto writing = handshake.pipe.ends[0]->write(hello.data(), hello.size());
  auto accepting = b.accept(kj::mv(handshake.pipe.ends[1]));
  EXPECT_ANY_THROW(kj::mv(accepting).wait(handshake.scope));
}

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};

template <void* kj::TlsContext::* kMember>
struct RevealInTest {
  friend SSL_CTX* context_in_test(kj::TlsContext& context) {
    return static_cast<SSL_CTX*>(context.*kMember);
  }
};
SSL_CTX* context_in_test(kj::TlsContext& context);
template struct RevealInTest<&kj::TlsContext::ctx>;

template <class T, class Write>
kj::Array<kj::byte> der(T* from, Write write) {
  unsigned char* bytes = nullptr;
  int size = write(from, &bytes);
  auto out = kj::heapArray<kj::byte>(bytes, size);
  OPENSSL_free(bytes);
  return out;
}

// A peer that makes its own TLS and believes everybody.
struct Impostor {
  int key_type = EVP_PKEY_ED25519;
  std::optional<Bytes> name{};  // else its own fingerprint
  enum class Certificate { yes, no } certificate = Certificate::yes;
  int version_max = TLS1_3_VERSION;

  kj::Own<kj::TlsContext> context() const {
    std::unique_ptr<EVP_PKEY, Free> key(key_type == EVP_PKEY_ED25519
                                            ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                            : EVP_EC_gen("P-256"));
    Hash raw;
    size_t size = 32;
    if (key_type == EVP_PKEY_ED25519)
      EVP_PKEY_get_raw_public_key(key.get(), raw.bytes.data(), &size);
    const Bytes common_name = name.value_or(to_hex(raw));
    std::unique_ptr<X509, Free> made(X509_new());
    X509_set_version(made.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -100);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 100000);
    X509_set_pubkey(made.get(), key.get());
    auto subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_issuer_name(made.get(), subject);
    X509_sign(made.get(), key.get(), key_type == EVP_PKEY_ED25519 ? nullptr : EVP_sha256());
    auto key_der = der(key.get(), i2d_PrivateKey), certificate_der = der(made.get(), i2d_X509);
    kj::TlsKeypair keypair{kj::TlsPrivateKey(key_der.asPtr()),
                           kj::TlsCertificate(certificate_der.asPtr())};
    kj::TlsContext::Options options;
    options.useSystemTrustStore = false;
    if (certificate == Certificate::yes) options.defaultKeypair = keypair;
    auto made_context = kj::heap<kj::TlsContext>(kj::mv(options));
    SSL_CTX* ssl = context_in_test(*made_context);
    SSL_CTX_set_cert_verify_callback(
        ssl,
        [](X509_STORE_CTX* store, void*) {
          X509_STORE_CTX_set_error(store, X509_V_OK);
          return 1;
        },
        nullptr);
    SSL_CTX_set_max_proto_version(ssl, version_max);
    return made_context;
  }
};

bool is_let_in(const Impostor& impostor) {
  Handshake handshake;
  SecureTransport b(identity(2));
  auto context = impostor.context();
  auto accepting = b.accept(kj::mv(handshake.pipe.ends[1]));
  auto dialling = context->wrapClient(kj::mv(handshake.pipe.ends[0]), "b").eagerlyEvaluate(nullptr);
  try {
    kj::mv(accepting).wait(handshake.scope);
    return true;
  } catch (const kj::Exception&) {
    return false;
  }
}

bool is_dialled(const Impostor& impostor) {
  Handshake handshake;
  SecureTransport a(identity(1));
  auto context = impostor.context();
  auto dialling = a.dial(kj::mv(handshake.pipe.ends[0]), std::nullopt);
  auto accepting = context->wrapServer(kj::mv(handshake.pipe.ends[1])).eagerlyEvaluate(nullptr);
  try {
    kj::mv(dialling).wait(handshake.scope);
    return true;
  } catch (const kj::Exception&) {
    return false;
  }
}

TEST(Secure, OnlyAnEd25519KeyUnderItsOwnNameIsLetIn) {
  EXPECT_TRUE(is_let_in({}));
  EXPECT_FALSE(is_let_in({.name = identity(1).fingerprint()}));
  EXPECT_FALSE(is_let_in({.name = "somebody"}));
  EXPECT_FALSE(is_let_in({.key_type = EVP_PKEY_EC, .name = identity(1).fingerprint()}));
  EXPECT_FALSE(is_let_in({.certificate = Impostor::Certificate::no}));
  EXPECT_FALSE(is_let_in({.version_max = TLS1_2_VERSION}));
}

TEST(Secure, OnlyAnEd25519KeyUnderItsOwnNameIsDialled) {
  EXPECT_TRUE(is_dialled({}));
  EXPECT_FALSE(is_dialled({.name = identity(2).fingerprint()}));
  EXPECT_FALSE(is_dialled({.key_type = EVP_PKEY_EC, .name = identity(2).fingerprint()}));
  EXPECT_FALSE(is_dialled({.version_max = TLS1_2_VERSION}));
}

TEST(Secure, AStoreKeepsItsKey) {
  auto repo = memory_repo(1);
  Identity first = must(identity_of(repo->store()));
  EXPECT_EQ(must(identity_of(repo->store())).fingerprint(), first.fingerprint());
  EXPECT_TRUE(is_fingerprint(first.fingerprint()));
  EXPECT_NE(must(identity_of(memory_repo(2)->store())).fingerprint(), first.fingerprint());
}

}  // namespace
}  // namespace ukstore::tests
