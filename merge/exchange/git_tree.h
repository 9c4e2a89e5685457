#pragma once
// The trees of git, as immutable values that share what is equal: the state of a history while it
// is imported.
//
// Invariants:
// 1. A directory's entries stand in git's order: by name, a directory's name as if it ended in '/'.
//    So the files of a tree, taken depth first, stand in the order of their paths.
// 2. No directory is empty but the top, and no name stands twice.
// 3. What did not change is the same object: comparing two states costs what differs.

#include <ukstore/merge/exchange/git_id.h>
#include <ukstore/store/error.h>

#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace ukstore {

class GitDirectory;
using GitTree = std::shared_ptr<const GitDirectory>;

constexpr uint32_t kGitDirectoryMode = 0040000;
constexpr uint32_t kGitLinkMode = 0160000;
constexpr uint32_t kNoBlob = UINT32_MAX;

// What a path holds: a file of some mode, and which bytes.
struct GitFile {
  uint32_t mode = 0;
  uint32_t blob = kNoBlob;  // the caller's number of the content; none for a gitlink
  GitId id;

  bool operator==(const GitFile& other) const { return mode == other.mode && id == other.id; }
};

struct GitEntry {
  std::string_view name;  // in the pool
  GitFile file;           // mode kGitDirectoryMode: a directory, and nothing else counts
  GitTree directory;

  bool is_directory() const { return directory != nullptr; }
};

class GitDirectory {
 public:
  explicit GitDirectory(std::vector<GitEntry> entries);
  ~GitDirectory();
  GitDirectory(const GitDirectory&) = delete;

  const std::vector<GitEntry>& entries() const { return entries_; }
  // The entry of that name in one role; null if there is none.
  const GitEntry* file(std::string_view name) const { return find(name, Role::file); }
  const GitEntry* directory(std::string_view name) const { return find(name, Role::directory); }
  // Files in it and below it.
  uint64_t file_count() const { return file_count_; }
  // Git's name of it; made once.
  const GitId& id(GitHasher& hasher) const;

  // Bytes that all directories there are take.
  static uint64_t bytes_alive();

 private:
  enum class Role { file, directory };
  const GitEntry* find(std::string_view name, Role role) const;

  const std::vector<GitEntry> entries_;
  const uint64_t file_count_;
  mutable GitId id_;
  mutable bool has_id_ = false;
};

// Keeps each name once, until the end.
class NamePool {
 public:
  std::string_view keep(std::string_view name);

 private:
  std::pmr::monotonic_buffer_resource memory_{64 * 1024};
  std::pmr::unordered_set<std::string_view> names_{&memory_};
};

// A change of a path: a file that stands there from now on (what was below, or a file above, gives
// way), or nothing.
struct GitChange {
  std::string_view path;
  GitFile file;
  enum class What : uint8_t { set, remove } what = What::set;
};

// The tree with these changes made, one after another.  Their order afterwards is any.  Paths are
// not checked but recursed into: the caller bounds their length.
GitTree patch(const GitTree& tree, std::vector<GitChange>& changes, NamePool& names);

// The tree that these changes make of an empty one, sharing what it can with `like`.  Their order
// afterwards is any.
GitTree listing(const GitTree& like, std::vector<GitChange>& changes, NamePool& names);

// `tree`, with the objects of `like` where a directory at the same path is equal.
GitTree sharing(const GitTree& like, const GitTree& tree, GitHasher& hasher);

// What stands at a path.
const GitEntry* find_path(const GitDirectory& tree, std::string_view path);

// Visits all files of a tree in the order of their paths.
using GitFileVisitor = std::function<Result<void>(std::string_view path, const GitFile& file)>;
Result<void> visit_files(const GitDirectory& tree, const GitFileVisitor& visit);

// Visits the paths at which files differ, in order of git's directories; null where there is none.
// Where a directory stands on one side, its files come one by one.
using GitDiffVisitor =
    std::function<Result<void>(std::string_view path, const GitFile* before, const GitFile* after)>;
Result<void> diff_files(const GitDirectory& before, const GitDirectory& after,
                        const GitDiffVisitor& visit);

// The order of entries.
std::strong_ordering git_order(const GitEntry& a, const GitEntry& b);

}  // namespace ukstore
