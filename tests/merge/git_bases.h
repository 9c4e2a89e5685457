#pragma once
// Merge bases beside git's, for any repository.

#include <ukstore/merge/repo.h>

#include <string>
#include <vector>

namespace ukstore::tests {

// What a command writes; nullopt if it fails.
std::optional<std::string> output_of(const std::string& command);

struct BasesCompared {
  size_t commits = 0;
  size_t pairs = 0;
  size_t with_several_bases = 0;
  std::vector<std::string> differences;  // a line each
};

// Takes over the graph of all commits of a git directory (without what they hold) and compares the
// merge bases of `pairs` random pairs, and of the parents of merges, with `git merge-base --all`.
Result<BasesCompared> compare_bases(const std::string& git_directory, size_t pairs, uint64_t seed);

}  // namespace ukstore::tests
