#pragma once
// How far branches are from each other and from where peers have them.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/store/history.h>

namespace ukstore::cli {

// How many commits each of two heads has that the other lacks.
struct Apart {
  uint64_t ahead = 0;
  uint64_t behind = 0;
};
Apart apart(const CommitSource& source, const ObjectRef& branch, const ObjectRef& other);
// "2 ahead, 1 behind".
std::string text_of(const Apart& apart);

// Where a peer has a branch, as was last heard.
struct Tracked {
  Bytes remote;
  ObjectRef head;
  Apart apart;  // how far ours is from it
};
// Of one branch of ours, among these refs.
std::vector<Tracked> tracked(const CommitSource& source, const std::vector<Ref>& refs,
                             const Ref& branch);
// [{"remote","head","ahead","behind"}].
Json tracked_array(const std::vector<Tracked>& all);

}  // namespace ukstore::cli
