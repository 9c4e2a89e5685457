#pragma once
// A state being changed: what the function of a transaction works on.
//
// Writes never fail on the spot.  The first error is kept, later writes do nothing, and `finish`
// (the transaction) returns it; so a function may write line after line.  Reads see the writes
// before them.
//
// What each write removes and adds:
// 1. `set` removes all that is live at the path and below it, and all but maps at the proper
//    prefixes of the path, and adds one entry.  If the path already holds that value and nothing
//    else, it does nothing.
// 2. `remove` only removes, at the path and below it.
// 3. An update of a typed value does what `set` does but keeps the value of its own kind, stamps
// its
//    entry anew, and changes the value's own dots as the type says (docs/merge.md).  An update of a
//    map keeps what is below it.

#include <ukstore/merge/edit_tree.h>
#include <ukstore/merge/state.h>

#include <set>

namespace ukstore {

class Tx;

// The value of one typed entry while a transaction changes it: the keys of its tree.  For the
// writers of types.
class ValueEdit {
 public:
  // What is under a key, with the changes so far; nullopt if nothing is.
  Result<std::optional<Bytes>> find(BytesView key) const;
  // Visits the keys in order, with the changes so far.
  Result<void> scan(const std::function<Flow(BytesView key, BytesView payload)>& visit) const;
  void put(Bytes key, Bytes payload);
  void remove(Bytes key);
  // Removes all keys; whether there were any.
  Result<bool> clear();
  // Replaces the bytes of a program's own type; nullopt is its initial state.
  void put_state(std::optional<Bytes> state) { state_ = std::move(state); }
  const std::optional<Bytes>& state() const { return state_; }
  // Marks the value as updated, which stamps its entry anew.
  void touch() { touched_ = true; }
  // What else is live at, above and below the position stays, as beside a concurrent write.
  void keep_others() { others_stay_ = true; }
  // Whether a live entry of the kind was there.
  bool was_live() const { return was_live_; }
  const Bytes& path() const { return path_; }

 private:
  friend class Tx;
  ValueEdit(Bytes path, Kind kind, Tree tree)
      : path_(std::move(path)), kind_(kind), tree_(std::move(tree)) {}
  Bytes path_;
  Kind kind_;
  Tree tree_;
  std::optional<Bytes> state_;
  std::map<Bytes, std::optional<Bytes>> changes_{};
  bool touched_ = false;
  bool others_stay_ = false;
  bool was_live_ = false;
};

class Tx {
 public:
  // Works on `state`; the dots of the writes come from `mint`.
  Tx(State state, DotMint mint) : tree_(state.tree()), mint_(mint) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;

  // ---- Writing.
  void set(BytesView path, BytesView bytes, Kind kind = Kind::file);
  // A payload made before (PayloadWriter), for long values.
  void set(BytesView path, Payload payload, Kind kind = Kind::file);
  void remove(BytesView path);
  // Settles a conflict: of what is live at the path only entries of `kept` stay, and what is below
  // it stays only if none of them, or only maps, do.
  void keep(BytesView path, const Live& kept);
  // Of what is live at the path only `kept` stays, and `added` comes beside it under new dots;
  // what is above and below the path is left alone.  For replays of what a merge had merged.
  void rewrite(BytesView path, const Live& kept, const std::vector<Term>& added);
  // The typed value at a path, to read and write: tx.at<Counter>("stock/42").add(-1).
  template <class T>
  typename T::Writer at(BytesView path) {
    return typename T::Writer(*this, Bytes(path));
  }

  // ---- Reading, with the writes so far.
  Result<State> state();
  Result<std::optional<Bytes>> get(BytesView path);

  // Makes the transaction fail with this error; the first one counts.
  void fail(Error error);
  const std::optional<Error>& error() const { return error_; }
  // Runs `step` unless the transaction has failed, and keeps its error.
  void attempt(const std::function<Result<void>()>& step);

  // For writers of types: the value of this kind at a path, valid until the next call of another
  // member that is not `mint`.
  Result<ValueEdit*> edit_value(BytesView path, Kind kind);
  // Whether an entry of this kind was live at the path when the changes so far were last brought
  // together: true is certain unless the path was written since.
  Result<bool> settled_is_live(BytesView path, Kind kind) const;
  Dot mint() { return mint_.mint(); }
  const ReplicaId& replica() const { return mint_.replica(); }
  uint64_t generation() const { return mint_.generation(); }

  // The new state, or the first error.  Equal to the old one if nothing changed.
  Result<State> finish() { return state(); }
  // What is left of the mint: the next commit of the replica goes on from there.
  const DotMint& mint_left() const { return mint_; }

 private:
  Result<void> set_value(BytesView path, Payload payload, Kind kind);
  Result<void> remove_at(BytesView path);
  Result<void> keep_at(BytesView path, const Live& kept);
  Result<void> rewrite_at(BytesView path, const Live& kept, const std::vector<Term>& added);
  // Drops what belongs to the position of `entry` under keys below `end`, but the values of kinds
  // in `live`.
  Result<void> drop_values(const Entry& entry, const Live& live, BytesView end,
                           EditTree::Node& node);
  Result<void> make_room(const ValueEdit& value, const std::optional<Entry>& entry,
                         EditTree::Node& node);
  // Drops what a write at `path` removes above it.
  enum class Above { was_clear, cleared };
  Result<Above> clear_above(BytesView path);
  // Brings the changes so far into the tree if one of them meets `path`.
  Result<void> settle(BytesView path);
  Result<void> flush();
  Result<void> close(const ValueEdit& value);

  Tree tree_;
  DotMint mint_;
  std::optional<Error> error_;
  EditTree edits_;
  std::set<Bytes, std::less<>> touched_;  // the paths that `edits_` writes
  std::map<Bytes, ValueEdit, std::less<>> open_;
};

}  // namespace ukstore
