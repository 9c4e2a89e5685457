#pragma once
// The state of a branch as an immutable value, and how to read it.
//
// A state holds live entries at paths: files (bytes), executables, symlinks, gitlinks, and typed
// values (counters, sets, ...; docs/merge.md lists them).  Where writers disagreed, a path holds
// several: a conflict, which is a value like any other and which the next write over it resolves.
//
// A `State` is a few words; copy it freely.  It borrows the repository's store.  Reading is safe
// from several threads.

#include <ukstore/merge/layout.h>

namespace ukstore {

// One of the things that a conflict says: the entries that agree on it; none for what lies below
// the path.
struct Choice {
  Live live;
};

// What is at a path.
struct Value {
  Live live;  // what was written and nothing has replaced; may be empty
  bool has_entries_below = false;

  // Writers disagree: several kinds or values, or something other than a map with entries below it.
  bool is_conflict() const;
  // What is said there, each once, in the order of first dots, and last what lies below.
  std::vector<Choice> choices() const;
  // The one kind of all live entries; nullopt if they differ or there are none.
  std::optional<Kind> kind() const;
  // "file", "directory", "conflict: file, counter, entries below", ...
  std::string description() const;
};

// A name in a directory.
struct ListedName {
  Bytes name;
  std::optional<Kind> kind;  // of what is live there; nullopt if nothing is, or kinds differ
  bool has_entries_below = false;
};

class State {
 public:
  explicit State(Tree tree) : tree_(std::move(tree)) {}

  // The bytes of the file at a path; nullopt if nothing is there, or only a directory.  `invalid`
  // if what is there is no file, executable, symlink or gitlink, or a conflict: `value` shows all.
  Result<std::optional<Bytes>> get(BytesView path) const;
  // The same without holding the value whole: nullopt if nothing is there.
  Result<std::optional<PayloadReader>> open(BytesView path) const;
  // All that is at a path; nullopt if nothing is live at it or below it.
  Result<std::optional<Value>> value(BytesView path) const;
  // The names in a directory (the empty path is the top), in order, at most `limit` from the first
  // that is not below `from`.
  Result<std::vector<ListedName>> list(BytesView path, BytesView from = {},
                                       uint64_t limit = UINT64_MAX) const;
  // The paths at and below `path` where writers disagree, in order, at most `limit`.
  Result<std::vector<Bytes>> conflicts(BytesView path = {}, size_t limit = SIZE_MAX) const;

  // The typed value at a path, to read.  Nothing there reads as the type's empty value.
  template <class T>
  typename T::Reader at(BytesView path) const {
    return typename T::Reader(*this, Bytes(path));
  }

  // The tree of the typed value of this kind at a path, in place; empty if there is none.
  Result<Tree> value_tree(BytesView path, Kind kind) const;
  // The bytes of a program's own type's state at a path; nullopt if there is none.
  Result<std::optional<Bytes>> user_state(BytesView path, Kind kind) const;
  // Whether a live entry of this kind is at the path.
  Result<bool> is_live(BytesView path, Kind kind) const;

  const Tree& tree() const { return tree_; }
  Hash hash() const { return tree_.hash(); }
  bool operator==(const State& other) const { return tree_ == other.tree_; }

 private:
  Tree tree_;
};

}  // namespace ukstore
