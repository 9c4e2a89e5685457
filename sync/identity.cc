#include <ukstore/sync/identity.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

namespace ukstore {
namespace {

constexpr BytesView kKeyRecord = "sync/key";

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::unexpected<Error> cannot(const char* what) {
  return fail(Error::Kind::io, std::string("OpenSSL cannot ") + what);
}

Bytes hex(const uint8_t* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  Bytes text;
  for (size_t i = 0; i < size; ++i) {
    text.push_back(kDigits[bytes[i] >> 4]);
    text.push_back(kDigits[bytes[i] & 15]);
  }
  return text;
}

template <class T, class Write>
Bytes der(T* from, Write write) {
  unsigned char* bytes = nullptr;
  int size = write(from, &bytes);
  Bytes out(reinterpret_cast<char*>(bytes), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(bytes);
  return out;
}

// Dates mean nothing here, as a machine may lack a clock: valid for all that a certificate can say.
Result<Owned<X509>> self_issued(EVP_PKEY* key, const Bytes& common_name) {
  Owned<X509> made(X509_new());
  Owned<X509_NAME> name(X509_NAME_new());
  auto text = reinterpret_cast<const unsigned char*>(common_name.data());
  bool good = made && name && X509_set_version(made.get(), 2) == 1 &&
              ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) == 1 &&
              ASN1_TIME_set_string(X509_getm_notBefore(made.get()), "19700101000000Z") == 1 &&
              ASN1_TIME_set_string(X509_getm_notAfter(made.get()), "99991231235959Z") == 1 &&
              X509_set_pubkey(made.get(), key) == 1 &&
              X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC, text,
                                         static_cast<int>(common_name.size()), -1, 0) == 1 &&
              X509_set_subject_name(made.get(), name.get()) == 1 &&
              X509_set_issuer_name(made.get(), name.get()) == 1 &&
              X509_sign(made.get(), key, nullptr) > 0;
  if (!good) return cannot("make a certificate");
  return made;
}

}  // namespace

Result<Identity> Identity::from_seed(const std::array<uint8_t, 32>& seed) {
  Owned<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  std::array<uint8_t, 32> raw;
  size_t size = raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &size) != 1 ||
      size != raw.size()) {
    return cannot("make a key");
  }
  Identity identity;
  identity.fingerprint_ = hex(raw.data(), raw.size());
  auto certificate = self_issued(key.get(), identity.fingerprint_);
  if (!certificate) return pass_on(certificate);
  identity.certificate_ = der(certificate->get(), i2d_X509);
  identity.private_key_ = der(key.get(), i2d_PrivateKey);
  if (identity.certificate_.empty() || identity.private_key_.empty()) return cannot("write a key");
  return identity;
}

Bytes Identity::store_id() const {
  return Bytes(hash_object(ObjectKind::blob, "store id of " + fingerprint_).view().substr(0, 16));
}

Result<Identity> identity_of(Store& store) {
  std::array<uint8_t, 32> seed;
  auto body = [&](Transaction& transaction) -> Result<void> {
    auto record = transaction.record(kKeyRecord);
    if (!record) return pass_on(record);
    if (*record) {
      if ((*record)->size() != seed.size())
        return fail(Error::Kind::corrupt, "the key of this store is damaged");
      std::ranges::copy(**record, seed.begin());
      return {};
    }
    if (RAND_bytes(seed.data(), static_cast<int>(seed.size())) != 1)
      return cannot("give random bytes");
    return transaction.put_record(kKeyRecord,
                                  BytesView(reinterpret_cast<char*>(seed.data()), seed.size()));
  };
  auto known = store.record(kKeyRecord);
  if (!known) return pass_on(known);
  if (*known && (*known)->size() == seed.size()) {
    std::ranges::copy(**known, seed.begin());
    return Identity::from_seed(seed);
  }
  auto receipt = store.transact(body, {.durability = Durability::durable});
  if (!receipt) return pass_on(receipt);
  return Identity::from_seed(seed);
}

bool is_fingerprint(BytesView text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == BytesView::npos;
}

}  // namespace ukstore
