#pragma once
// Commits that both ends of a stream know, numbered by both alike, so that a commit is named by a
// byte or two: first those that the receiver said it has, then each commit of the stream.

#include <ukstore/store/error.h>
#include <ukstore/store/hash.h>

#include <unordered_map>
#include <vector>

namespace ukstore {

class NameTable {
 public:
  void add(const Hash& hash) {
    numbers_.insert_or_assign(hash, names_.size());
    names_.push_back(hash);
  }
  bool contains(const Hash& hash) const { return numbers_.contains(hash); }

  // Appends a name: how far back it stands in the table, from 1, or 0 and its 32 bytes.
  void append_name(Bytes& to, const Hash& hash) const;
  // And back; `corrupt` if it is none, or the long form of one that stands in the table.
  Result<Hash> take_name(BytesView& from) const;

 private:
  std::vector<Hash> names_;
  std::unordered_map<Hash, size_t> numbers_;
};

}  // namespace ukstore
