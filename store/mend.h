#pragma once
// Mending a damaged store with objects that another one still has.
//
// Objects are named by their bytes, so who gives them need not be trusted.  Segments that hold
// damage are given up: what is whole in them and what was fetched is written anew, and then they
// are erased.  Each step leaves a store that is no worse than the one before it.

#include <ukstore/store/backend.h>
#include <ukstore/store/object.h>

namespace ukstore {

struct FetchedObject {
  ObjectKind kind{};
  Bytes bytes;  // canonical
};
// The object of that name; nullopt if it is not to be had.
using FetchObject = std::function<Result<std::optional<FetchedObject>>(const Hash&)>;

struct MendReport {
  uint64_t segments = 0;         // that held damage and are erased
  uint64_t kept = 0;             // objects that were whole in them
  uint64_t fetched = 0;          // objects
  std::vector<Hash> missing;     // objects that branches and tags need and `fetch` has not
  uint64_t missing_journal = 0;  // those that only entries of the journal need
};

// Hashes every object of the store, fetches what branches, tags and the journal need and the store
// has not whole, and writes that.  Refs and journal are left as they are.  Keeps 48 bytes an object
// in memory, and all that is fetched or kept of damaged segments.  What `fetch` fails with ends it,
// and nothing has changed; `corrupt` if it gives another object than the one asked for.  Nobody may
// read or write meanwhile.
Result<MendReport> mend_store(Backend& backend, const FetchObject& fetch);

}  // namespace ukstore
