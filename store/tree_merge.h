#pragma once
// The three-way merge of trees, node by node.
//
// Three cursors walk the trees in step.  Where two of them hold the same subtree it is taken whole
// from one side, without a look at what it holds: if base and one side are equal there, the other
// side's, else what both sides agree on.  Only where all three differ are nodes opened, down to
// single keys.  So a merge reads and makes the nodes above what both sides changed, and the result
// is, like every tree, a function of its contents.

#include <ukstore/store/tree.h>

namespace ukstore {

// How a key merges that both sides changed, each in its own way: the edit that makes of the entry
// of ours what the merge is; nullopt leaves it as ours has it.
using MergeKey = std::function<Result<std::optional<Edit>>(
    BytesView key, const std::optional<Entry>& base, const std::optional<Entry>& ours,
    const std::optional<Entry>& theirs)>;

// The merge of one level; nullopt if it is ours.  What is new is staged in the arena of `ours`,
// which keeps that of `theirs`.  Without a base (null) `merge_key` is called for every key in which
// ours and theirs differ, and no entry of a base is given.
Result<std::optional<Tree>> merge_trees(const Tree* base, const Tree& ours, const Tree& theirs,
                                        const MergeKey& merge_key);

}  // namespace ukstore
