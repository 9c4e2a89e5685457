#pragma once
// Who a store is to its peers: an Ed25519 key, made when it is first asked for and kept in the
// store's private records.  Its fingerprint, the raw public key as 64 hex digits, is its name.

#include <ukstore/store/store.h>

#include <array>

namespace ukstore {

class Identity {
 public:
  // From 32 secret bytes.
  static Result<Identity> from_seed(const std::array<uint8_t, 32>& seed);

  const Bytes& fingerprint() const { return fingerprint_; }
  // The id of the store in `hello`: 16 bytes that follow from the key.
  Bytes store_id() const;
  // For TLS: the private key (PKCS 8) and a self-issued certificate whose common name is the
  // fingerprint, both DER.
  const Bytes& private_key_der() const { return private_key_; }
  const Bytes& certificate_der() const { return certificate_; }

 private:
  Identity() = default;
  Bytes fingerprint_;
  Bytes private_key_;
  Bytes certificate_;
};

// The identity of a store; makes it if there is none.
Result<Identity> identity_of(Store& store);

// Whether the text is 64 lower-case hex digits.
bool is_fingerprint(BytesView text);

}  // namespace ukstore
