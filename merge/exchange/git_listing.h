#pragma once
// What a commit holds that lists all its files, at the cost of what the listing before it did not
// say: `git fast-export --full-tree` says `deleteall` and every file for each commit, nearly all of
// them as it said them before.
//
// Invariants:
// 1. `text_` are the lines of one listing, "M MODE CONTENT PATH\n": their paths rise in the order
// of
//    `git fast-export` (by bytes, a path before its own prefixes), and none stands above another.
// 2. `tree_` holds what they say and nothing else.
// 3. While a listing is open, `made_` are its lines so far, and every line of `text_` before
//    `cursor_` is in `made_`, or its path in `gone_` or `changes_`.

#include <ukstore/merge/exchange/git_tree.h>

#include <deque>
#include <optional>

namespace ukstore {

class GitListing {
 public:
  // A listing begins, or begins again.
  void open();
  bool is_open() const { return open_; }

  // The lines that come next if nothing differs from here on.
  BytesView expected() const { return BytesView(text_).substr(cursor_); }
  // The first `bytes` of them, so many whole lines, came.
  void take_expected(size_t bytes, uint64_t lines);
  // A line that came, with its newline, and what it says; the change's path outlives the listing.
  // False, and nothing was taken, if it breaks the order: call `leave`.
  bool take(BytesView line, const GitChange& change);

  // Ends the listing: its tree, which shares with `like` what is equal; nullopt if one of its paths
  // stands above another: call `leave`.
  std::optional<GitTree> close(const GitTree& like, NamePool& names, GitHasher& hasher);
  // Gives the listing up; returns its lines so far.  The one before is still the one to expect.
  Bytes leave();
  // What the lines say has changed: a mark now means something else.
  void forget();

 private:
  void drop_expected(BytesView path);
  BytesView last_path();
  // The path in a line that was taken; a quoted one lives until the listing ends.
  BytesView path_of(BytesView line);

  Bytes text_;
  GitTree tree_;  // null: there was none before
  Bytes made_;
  size_t cursor_ = 0;
  size_t last_line_ = 0;  // in `made_`
  uint64_t lines_ = 0;    // in `made_`
  std::vector<GitChange> gone_;
  std::vector<GitChange> changes_;
  std::deque<Bytes> unquoted_;
  bool open_ = false;
};

}  // namespace ukstore
