#pragma once
// The structural check of an object of any kind, at the door: after it, readers trust the bytes.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

namespace ukstore {

// Checks that `bytes` are exactly the canonical encoding of an object of that kind (sizes, order,
// counts, the boundary rule within the node) and that it names `side_count` objects.  Never trusts
// a length.  Fails with `corrupt`, or `unsupported` for an unknown kind.  Does not hash.
Result<void> validate(ObjectKind kind, BytesView bytes, uint32_t side_count);

// The same without a side array at hand: how many addresses the object needs.
Result<uint32_t> named_objects(ObjectKind kind, BytesView bytes);

}  // namespace ukstore
