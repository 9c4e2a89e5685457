#include <ukstore/store/seal.h>

#include <ukstore/store/tree.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ukstore {
namespace {

uint32_t check_of(BytesView key, BytesView value) {
  uint64_t seed = XXH3_64bits(key.data(), key.size());
  return static_cast<uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), seed));
}

}  // namespace

Bytes seal(BytesView key, Bytes value) {
  append_le<uint32_t>(value, check_of(key, value));
  return value;
}

Result<BytesView> unseal(BytesView key, BytesView sealed) {
  if (sealed.size() >= kSealBytes) {
    BytesView value = sealed.substr(0, sealed.size() - kSealBytes);
    if (load_le<uint32_t>(sealed.data() + value.size()) == check_of(key, value)) return value;
  }
  return fail(Error::Kind::corrupt, "the record " + printable(key) + " is damaged");
}

}  // namespace ukstore
