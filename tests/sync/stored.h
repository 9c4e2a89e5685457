#pragma once
// All that a store holds, to see that nothing was added to it.

#include <map>

#include "two_stores.h"

namespace ukstore::tests {

struct Stored {
  uint64_t segments = 0;
  std::map<Bytes, Bytes> records;
  bool operator==(const Stored&) const = default;
};

inline Stored stored_in(Repo& repo) {
  auto snapshot = must(repo.store().objects().backend().snapshot());
  Stored stored{.segments = must(snapshot->last_segment()), .records = {}};
  must(snapshot->scan({}, {}, Direction::forward, [&](BytesView key, BytesView value) {
    stored.records.emplace(key, value);
    return Flow::go_on;
  }));
  return stored;
}

}  // namespace ukstore::tests
