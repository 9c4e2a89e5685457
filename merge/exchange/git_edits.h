#pragma once
// How the state of a commit of git is made from those of its parents: their canonical merge, plus
// `set` and `remove` where git's tree differs, in the order of paths; each `set` mints one dot.

#include <ukstore/merge/exchange/git_history.h>
#include <ukstore/merge/tx.h>

#include <span>

namespace ukstore {

// The tree of a commit with one parent or none.  `before` is what `tree` shows, exactly.
Result<Tree> edit_tree(const Tree& tree, const GitDirectory& before, const GitDirectory& after,
                       const GitContents& contents, DotMint mint);

// The canonical merge of these commits: a fold over those that are no ancestors of others.  New
// nodes are staged in `arena`.
Result<Tree> merge_commits(const CommitSource& source, const ObjectStore& objects,
                           std::span<const GitCommit* const> parents, std::shared_ptr<Arena> arena);

// `merged` made to show `after`.  `shown` is the state of one parent, which shows `before`: where
// neither differs from it nothing is looked at.
struct MergedEdit {
  const Tree& merged;
  const Tree& shown;
  const GitDirectory& before;
  const GitDirectory& after;
};
Result<Tree> edit_merged(const MergedEdit& edit, const GitContents& contents, DotMint mint);

}  // namespace ukstore
