#pragma once
// Histories of git out of a seed, as streams for git fast-import: forks, criss-cross and octopus
// merges, deletions, renames, files that become directories, modes, links to commits, odd names,
// dates, idents and messages, tags.

#include <cstdint>
#include <string>

namespace ukstore::tests {

struct SeededHistory {
  uint64_t seed = 0;
  int commits = 60;
  // Whether a file may become a directory.  git's export without --full-tree loses what is in such
  // a directory: it says "M a/b" and then "D a".
  enum class Names { any, never_both } names = Names::any;
};

std::string stream_of(const SeededHistory& history);

}  // namespace ukstore::tests
