#pragma once
// A history of git beside its import: refs that come back, merge bases, merges.

#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/git_import.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ukstore::tests {

// Why a merge is not compared with git's, or how it came out.
struct MergeCounts {
  uint64_t equal = 0;            // the canonical merge's tree is git's
  uint64_t equal_by_change = 0;  // that of policy `changed` is
  uint64_t conflict = 0;         // git reports one
  uint64_t file_merged = 0;      // git merged a file's content, or its mode beside its content
  uint64_t rename = 0;           // git followed one
  uint64_t written_back = 0;     // the canonical merge's is not: a side wrote what the base holds,
                                 // which is no change for git
  uint64_t octopus = 0;          // more than two parents: git's merge-tree takes two
};

struct HistoryCheck {
  uint64_t stream_bytes = 0;  // of git's export
  uint64_t commits = 0;
  uint64_t merges = 0;
  uint64_t refs_equal = 0;
  uint64_t base_pairs = 0;          // pairs of parents whose merge bases were compared
  uint64_t pairs_with_several = 0;  // of them, with more than one base
  MergeCounts trees;
  uint64_t memory_kib = 0;                // the most that the import held (RssAnon), sampled
  uint64_t differences = 0;               // commits whose id is not the one that the stream says
  std::map<std::string, double> seconds;  // by step
  std::vector<std::string> faults;        // what is not as it must be
};

// How a step is said to have come along; may be empty.
using Say = std::function<void(const std::string&)>;

// Imports the history of a repository into `store`, exports it again, and compares everything with
// git.  `scratch` is a folder for two bare repositories.  `fast_export` are the arguments of git
// fast-export.
HistoryCheck check_history(const std::filesystem::path& repository, Store& store,
                           const std::filesystem::path& scratch,
                           const std::vector<std::string>& fast_export, const Say& say = {});

// What the command line promises to read.
std::vector<std::string> full_tree_export();

}  // namespace ukstore::tests
