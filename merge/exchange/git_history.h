#pragma once
// The commits that an import has made so far, as walks and merges see them, and the trees of git
// that go with some of them.
//
// Costs about 120 bytes for each commit, and for trees what the bound says.

#include <ukstore/merge/exchange/git_contents.h>
#include <ukstore/merge/exchange/git_tree.h>
#include <ukstore/merge/graph.h>
#include <ukstore/merge/kind.h>
#include <ukstore/store/history.h>

#include <list>
#include <unordered_map>

namespace ukstore {

struct GitCommit {
  ObjectRef ref;
  ObjectRef tree;
  uint64_t generation = 0;
  GitId id;  // that git's fast-import gives
};

// Commits that are staged or written.
class StagedCommits final : public CommitSource {
 public:
  // Borrowed.
  explicit StagedCommits(const ObjectStore& objects) : objects_(objects) {}
  // Makes a staged commit known by its name: walks name commits without staged hints.
  void add(const ObjectRef& commit) { staged_.insert_or_assign(commit.hash, commit); }
  // All that was staged has been written.
  void settle() { staged_.clear(); }

  Result<ObjectRef> resolve(const ObjectRef& commit) const override;
  Result<CommitLinks> links(const ObjectRef& commit) const override;
  Result<std::optional<ObjectRef>> at(Address address) const override;
  Result<Tree> tree(const ObjectRef& root) const override { return Tree::load(objects_, root); }

 private:
  const ObjectStore& objects_;
  std::unordered_map<Hash, ObjectRef> staged_;
};

class GitHistory {
 public:
  // Borrowed.  Trees of git are dropped, the longest unused first, when all that are alive exceed
  // `tree_bytes_max`; such a tree is read back from the store when it is needed again.
  GitHistory(const ObjectStore& objects, GitContents& contents, NamePool& names,
             uint64_t tree_bytes_max)
      : objects_(objects),
        contents_(contents),
        names_(names),
        tree_bytes_max_(tree_bytes_max),
        source_(objects) {}

  uint32_t add(const GitCommit& commit, GitTree tree);
  const GitCommit& operator[](uint32_t number) const { return commits_[number]; }
  size_t count() const { return commits_.size(); }
  const CommitSource& source() const { return source_; }
  std::optional<uint32_t> find(const GitId& id) const;

  // Git's tree of a commit: remembered, or read back from the store.
  Result<GitTree> tree(uint32_t number);

  // Call it when all that was staged has been written, before its arena goes.
  void settle();

 private:
  Result<GitTree> read_back(const Tree& tree);
  void remember(uint32_t number, GitTree tree);

  const ObjectStore& objects_;
  GitContents& contents_;
  NamePool& names_;
  const uint64_t tree_bytes_max_;
  StagedCommits source_;
  std::vector<GitCommit> commits_;
  size_t settled_ = 0;
  std::unordered_map<GitId, uint32_t> by_id_;
  struct Kept {
    uint32_t number;
    GitTree tree;
  };
  std::list<Kept> kept_;  // used last in front
  std::unordered_map<uint32_t, std::list<Kept>::iterator> places_;
};

// The mode of git for a kind of entry, and back; nullopt if there is none.
std::optional<uint32_t> mode_of(Kind kind);
std::optional<Kind> kind_of_mode(uint32_t mode);

}  // namespace ukstore
