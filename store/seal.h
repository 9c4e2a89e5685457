#pragma once
// The check at the end of every record that a store keeps of itself (heads, journal, private
// records): the low half of XXH3_64 over the record's key and value.  It finds rot and records in
// the wrong place.

#include <ukstore/store/bytes.h>
#include <ukstore/store/error.h>

namespace ukstore {

constexpr size_t kSealBytes = 4;

// `value` with its check behind it.
Bytes seal(BytesView key, Bytes value);
// Back; borrowed from `sealed`.  `corrupt` if the check does not fit.
Result<BytesView> unseal(BytesView key, BytesView sealed);

}  // namespace ukstore
