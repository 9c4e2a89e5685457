#pragma once
// TLS 1.3 between replicas, both ends proven by their keys.
//
// A certificate is accepted iff its key is Ed25519 and its common name is that key's fingerprint;
// that its holder has the key is what TLS itself proves.  Issuers, dates and host names have no
// say. No session is ever resumed.  Whether a fingerprint is welcome is for the caller to decide.

#include <ukstore/sync/identity.h>

#include <kj/async-io.h>
#include <kj/compat/tls.h>

namespace ukstore {

struct SecureStream {
  kj::Own<kj::AsyncIoStream> stream;
  Bytes fingerprint;  // of the peer
};

class SecureTransport {
 public:
  explicit SecureTransport(const Identity& identity);
  KJ_DISALLOW_COPY(SecureTransport);

  // The end that listened.
  kj::Promise<SecureStream> accept(kj::Own<kj::AsyncIoStream> stream);
  // The end that dialled.  Fails with `read_only` if the peer has another key than `expected`, if
  // that is given, before anything is sent.
  kj::Promise<SecureStream> dial(kj::Own<kj::AsyncIoStream> stream, std::optional<Bytes> expected);

 private:
  kj::Own<kj::TlsContext> context_;
};

}  // namespace ukstore
