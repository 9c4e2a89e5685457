#pragma once
// The other half of checking the index.  That it finds each object is seen from the objects; this
// sees from its own pieces that it finds nothing else.

#include <ukstore/store/backend.h>

namespace ukstore {

// Calls `wrong` with a name (of an object, or "index") and what is wrong with it: a piece that is
// missing, damaged or out of order, a run whose counts are not those of its pieces, an entry that
// leads to another object or to none.  Entries of erased segments are harmless and no problem, and
// those of damaged segments cannot be told.  Reads every piece once, in order, and of each object
// the hash.  `stop` from `wrong` ends it.
void check_index(const Backend& backend, const Snapshot& snapshot,
                 const std::function<Flow(Bytes name, Bytes what)>& wrong);

}  // namespace ukstore
