#pragma once
// What is known of what a peer has and knows of one branch, over one connection.

#include <ukstore/store/hash.h>

#include <algorithm>
#include <span>
#include <vector>

namespace ukstore {

class PeerHas {
 public:
  // The peer has this commit with all its history: nothing of it is sent again.
  void add(const Hash& commit) {
    remember(has_, commit);
    tell(commit);
  }
  // The peer has been sent this commit, or has sent it: it may build on it.
  void tell(const Hash& commit) { remember(told_, commit); }

  bool contains(const Hash& commit) const { return std::ranges::count(has_, commit) > 0; }
  // The newest last.
  std::span<const Hash> heads() const { return has_; }
  std::span<const Hash> told() const { return told_; }

 private:
  static constexpr size_t kMost = 64;
  static void remember(std::vector<Hash>& list, const Hash& commit) {
    std::erase(list, commit);
    if (list.size() >= kMost) list.erase(list.begin());
    list.push_back(commit);
  }

  std::vector<Hash> has_;
  std::vector<Hash> told_;
};

}  // namespace ukstore
