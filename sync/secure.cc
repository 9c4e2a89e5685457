#include <ukstore/sync/secure.h>

#include <ukstore/sync/errors.h>

#include <kj/debug.h>

#include <openssl/ssl.h>

#include <array>

namespace ukstore {
namespace {

// kj-tls 0.9.2 has no way to judge a peer by its key or to demand TLS 1.3.  OpenSSL has both, on
// the SSL_CTX that a kj::TlsContext keeps in a private member; an explicit instantiation may name
// one.
template <void* kj::TlsContext::* kMember>
struct Reveal {
  friend SSL_CTX* context_of(kj::TlsContext& context) {
    return static_cast<SSL_CTX*>(context.*kMember);
  }
};
SSL_CTX* context_of(kj::TlsContext& context);
template struct Reveal<&kj::TlsContext::ctx>;

Bytes common_name_of(X509* certificate) {
  std::array<char, 65> name{};
  int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                       name.data(), name.size());
  return size == 64 ? Bytes(name.data(), 64) : Bytes();
}

bool is_named_by_its_key(X509* certificate) {
  EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate) : nullptr;
  if (!key || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return false;
  std::array<uint8_t, 32> raw;
  size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1 || size != raw.size()) return false;
  const Bytes name = common_name_of(certificate);
  Hash as_hash;
  as_hash.bytes = raw;
  return name == to_hex(as_hash);
}

// Takes the place of the verification of chains.
int verify(X509_STORE_CTX* store, void*) {
  const bool good = is_named_by_its_key(X509_STORE_CTX_get0_cert(store));
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return good ? 1 : 0;
}

kj::ArrayPtr<const kj::byte> bytes_of(const Bytes& bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

SecureStream identified(kj::AuthenticatedStream stream) {
  auto& identity = kj::downcast<kj::TlsPeerIdentity>(*stream.peerIdentity);
  KJ_REQUIRE(identity.hasCertificate(), "the peer has no certificate");
  auto name = identity.getCommonName();
  return {kj::mv(stream.stream), Bytes(name.cStr(), name.size())};
}

kj::AuthenticatedStream anonymous(kj::Own<kj::AsyncIoStream> stream) {
  return {kj::mv(stream), kj::UnknownPeerIdentity::newInstance()};
}

}  // namespace

SecureTransport::SecureTransport(const Identity& identity) {
  kj::TlsKeypair keypair{kj::TlsPrivateKey(bytes_of(identity.private_key_der())),
                         kj::TlsCertificate(bytes_of(identity.certificate_der()))};
  kj::TlsContext::Options options;
  options.useSystemTrustStore = false;
  options.verifyClients = true;
  options.defaultKeypair = keypair;
  context_ = kj::heap<kj::TlsContext>(kj::mv(options));
  SSL_CTX* ssl = context_of(*context_);
  const bool good = SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_num_tickets(ssl, 0) == 1;
  KJ_REQUIRE(good, "OpenSSL lacks TLS 1.3");
  SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_cert_verify_callback(ssl, verify, nullptr);
}

kj::Promise<SecureStream> SecureTransport::accept(kj::Own<kj::AsyncIoStream> stream) {
  return context_->wrapServer(anonymous(kj::mv(stream))).then([](kj::AuthenticatedStream&& peer) {
    return identified(kj::mv(peer));
  });
}

kj::Promise<SecureStream> SecureTransport::dial(kj::Own<kj::AsyncIoStream> stream,
                                                std::optional<Bytes> expected) {
  // A name of its own kind: no host is meant, and none is checked.
  return context_->wrapClient(anonymous(kj::mv(stream)), "ukstore")
      .then([expected = std::move(expected)](kj::AuthenticatedStream&& authenticated) {
        SecureStream peer = identified(kj::mv(authenticated));
        if (expected && peer.fingerprint != *expected) {
          kj::throwFatalException(
              to_exception({Error::Kind::read_only,
                            "the peer has the key " + peer.fingerprint + ", not " + *expected}));
        }
        return peer;
      });
}

}  // namespace ukstore
