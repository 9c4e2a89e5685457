#include <ukstore/store/tree_merge.h>

#include <ukstore/store/tree_assembler.h>
#include <ukstore/store/tree_cursor.h>

namespace ukstore {
namespace {

// One of the trees.  Before each step all that was merged so far lies behind all cursors, and
// everything else in front of them.
class Side {
 public:
  Side(const ObjectStore& objects, const NodeView& root) : cursor_(objects, root) {}

  bool at_end() const { return cursor_.at_end(); }
  int level() const { return at_end() ? -1 : cursor_.level(); }
  const TreeCursor& cursor() const { return cursor_; }
  // The key of the entry in front, or the last key of the subtree.
  BytesView key() {
    if (!has_key_) {
      key_.clear();
      cursor_.node().append_key(cursor_.index(), key_);
      has_key_ = true;
    }
    return key_;
  }
  ObjectRef child() const { return cursor_.node().child(cursor_.index()); }
  // Whether a subtree of the same name stands in front of both.
  bool same_subtree(const Side& other) const {
    return level() > 0 && level() == other.level() && same_name(other);
  }
  // Whether the entry in front is equal to the other's.
  bool same_value(const Side& other) const { return cursor_.value() == other.cursor_.value(); }

  Result<void> enter() {
    has_key_ = false;
    return cursor_.enter();
  }
  void skip() {
    has_key_ = false;
    cursor_.skip();
  }
  void skip_subtrees(uint32_t count) {
    has_key_ = false;
    cursor_.skip_subtrees(count);
  }
  // Goes behind `last`, the last key of a subtree that was merged.
  Result<void> pass(BytesView last) {
    while (!at_end()) {
      int order = key().compare(last);
      if (order <= 0) {
        skip();
        if (order == 0) return {};
      } else if (level() == 0) {
        return {};
      } else if (auto ok = enter(); !ok) {
        return ok;
      }
    }
    return {};
  }

 private:
  bool same_name(const Side& other) const {
    return cursor_.node().hash(cursor_.index()) == other.cursor_.node().hash(other.cursor_.index());
  }
  TreeCursor cursor_;
  Bytes key_;
  bool has_key_ = false;
};

}  // namespace

class TreeMerger {
 public:
  // `arena` keeps those of `ours` and `theirs`.
  TreeMerger(std::shared_ptr<Arena> arena, const Tree* base, const Tree& ours, const Tree& theirs,
             const MergeKey& merge_key)
      : merge_key_(merge_key),
        editor_(ours.objects(), std::move(arena)),
        out_(editor_),
        base_(ours.objects(), base ? TreeAccess::root_node(*base) : NodeView()),
        ours_(ours.objects(), TreeAccess::root_node(ours)),
        theirs_(ours.objects(), TreeAccess::root_node(theirs)),
        has_base_(base != nullptr) {
    offer(kOurs, TreeAccess::root_node(ours), TreeAccess::ref(ours));
    offer(kTheirs, TreeAccess::root_node(theirs), TreeAccess::ref(theirs));
  }

  Result<BuiltTree> run() {
    while (!ours_.at_end() || !theirs_.at_end()) {
      if (auto ok = step(); !ok) return pass_on(ok);
    }
    return out_.finish();
  }
  TreeEditor& editor() { return editor_; }

 private:
  static constexpr size_t kOurs = 0, kTheirs = 1;
  // Whether the last node of a level may be taken whole although its end may be no boundary: it is
  // one in another tree, or nothing follows it.
  enum class Edge { open, closed };

  void offer(size_t source, const NodeView& node, const ObjectRef& ref) {
    if (ref.address) out_.offer(source, node, ref);
  }

  Result<void> step() {
    if (has_base_ && stands_alike() && take_children()) return {};
    if (ours_.same_subtree(theirs_)) return take_agreed();
    if (has_base_) {
      if (base_.same_subtree(ours_)) return take_changed(theirs_, ours_);
      if (base_.same_subtree(theirs_)) return take_changed(ours_, theirs_);
      if (adds_whole(theirs_, ours_)) return take(theirs_, edge_at_end(ours_));
      if (adds_whole(ours_, theirs_)) return take(ours_, edge_at_end(theirs_));
    }
    int level = std::max({base_.level(), ours_.level(), theirs_.level()});
    if (level <= 0) return merge_entry();
    for (Side* side : {&base_, &ours_, &theirs_}) {
      if (side->level() != level) continue;
      if (auto ok = enter(*side); !ok) return ok;
    }
    return {};
  }

  // Whether all three stand at the same place of inner nodes that have the same keys: what most
  // nodes near a change look like.
  bool stands_alike() {
    int level = ours_.level();
    if (level <= 0 || theirs_.level() != level || base_.level() != level) return false;
    const NodeView &b = base_.cursor().node(), &o = ours_.cursor().node(),
                   &t = theirs_.cursor().node();
    uint32_t index = ours_.cursor().index();
    if (theirs_.cursor().index() != index || base_.cursor().index() != index) return false;
    Alike now{b.object().bytes.data(), o.object().bytes.data(), t.object().bytes.data()};
    if (now.nodes != alike_.nodes) {
      now.have_same_keys = b.has_keys_of(o) && t.has_keys_of(o);
      alike_ = now;
    }
    return alike_.have_same_keys;
  }

  // Takes children one by one where all three stand alike, up to one that all hold differently.
  // The last of a node is left out, as it may be the last of its level.  False if none was taken.
  bool take_children() {
    const NodeView &b = base_.cursor().node(), &o = ours_.cursor().node(),
                   &t = theirs_.cursor().node();
    if (!out_.takes(o.level() - 1)) return false;
    uint32_t first = ours_.cursor().index(), i = first;
    for (; i + 1 < o.count(); ++i) {
      Hash ours = o.hash(i), theirs = t.hash(i), base = b.hash(i);
      if (ours != theirs && theirs != base && ours != base) break;
      const NodeView& from = ours == base ? t : o;
      out_.add_child(o, i, from.child(i), {from.child_count(i), from.child_bytes(i)});
    }
    if (i == first) return false;
    for (Side* side : {&base_, &ours_, &theirs_}) side->skip_subtrees(i - first);
    return true;
  }

  // Both sides hold the same subtree.
  Result<void> take_agreed() {
    last_ = ours_.key();
    if (auto ok = take(ours_, Edge::closed); !ok) return ok;
    theirs_.skip();
    return base_.pass(last_);
  }

  // Base and `same` hold the same subtree: what `changed` holds there instead is the merge.
  Result<void> take_changed(Side& changed, Side& same) {
    last_ = same.key();
    Edge edge = same.cursor().is_last() ? Edge::closed : Edge::open;
    same.skip();
    base_.skip();
    while (!changed.at_end()) {
      int order = changed.key().compare(last_);
      if (order <= 0) {
        if (auto ok = take(changed, edge); !ok) return ok;
        if (order == 0) return {};
      } else if (changed.level() == 0) {
        return {};
      } else if (auto ok = enter(changed); !ok) {
        return ok;
      }
    }
    return {};
  }

  // Whether a subtree lies in front of `side` where neither the other side nor the base has a key.
  bool adds_whole(Side& side, Side& other) {
    return side.level() > 0 && lies_before(side, other) && lies_before(side, base_);
  }
  static bool lies_before(Side& side, Side& other) {
    return other.at_end() || (other.level() == 0 && side.key() < other.key());
  }
  static Edge edge_at_end(const Side& other) { return other.at_end() ? Edge::closed : Edge::open; }

  // Takes what is in front of a side into the result.
  Result<void> take(Side& side, Edge edge) {
    TreeCursor::Place place = side.cursor().place();
    do {
      const TreeCursor& at = side.cursor();
      if (side.level() == 0) {
        keep(side);
        side.skip();
        continue;
      }
      uint8_t level = static_cast<uint8_t>(side.level() - 1);
      if (out_.takes(level) && (edge == Edge::closed || !at.is_last())) {
        NodeTotals totals{at.node().child_count(at.index()), at.node().child_bytes(at.index())};
        out_.add_node(level, side.key(), side.child(), totals);
        side.skip();
      } else if (auto ok = enter(side); !ok) {
        return ok;
      }
    } while (!side.cursor().is_behind(place));
    return {};
  }

  Result<void> enter(Side& side) {
    ObjectRef ref = side.child();
    if (auto ok = side.enter(); !ok) return ok;
    if (&side != &base_) offer(&side == &ours_ ? kOurs : kTheirs, side.cursor().node(), ref);
    return {};
  }

  void keep(Side& side) {
    BytesView value = side.cursor().value();
    sides_.clear();
    const ObjectView& object = side.cursor().node().object();
    if (object.side_count > 0) {
      uint32_t from = side.cursor().side_index(), named = side_count(value);
      for (uint32_t i = 0; i < named; ++i) sides_.push_back(object.address(from + i));
    }
    out_.add(side.key(), {value, sides_, logical_bytes(value)});
  }

  // Entries stand in front of all sides that are not at their end.
  Result<void> merge_entry() {
    int order = ours_.at_end() ? 1 : theirs_.at_end() ? -1 : ours_.key().compare(theirs_.key());
    bool in_ours = order <= 0, in_theirs = order >= 0, in_base = false;
    if (!base_.at_end()) {
      int base_order = base_.key().compare((in_ours ? ours_ : theirs_).key());
      if (base_order < 0) {  // both sides have removed it
        base_.skip();
        return {};
      }
      in_base = base_order == 0;
    }
    auto agree = [](bool in_one, const Side& one, bool in_other, const Side& other) {
      return in_one == in_other && (!in_one || one.same_value(other));
    };
    if (agree(in_ours, ours_, in_theirs, theirs_) ||
        (has_base_ && agree(in_base, base_, in_theirs, theirs_))) {
      if (in_ours) keep(ours_);
    } else if (has_base_ && agree(in_base, base_, in_ours, ours_)) {
      if (in_theirs) keep(theirs_);
    } else if (auto ok = merge_both(in_base, in_ours, in_theirs); !ok) {
      return ok;
    }
    if (in_ours) ours_.skip();
    if (in_theirs) theirs_.skip();
    if (in_base) base_.skip();
    return {};
  }

  Result<void> merge_both(bool in_base, bool in_ours, bool in_theirs) {
    auto entry = [](bool in, const Side& side) {
      return in ? std::optional(side.cursor().entry()) : std::nullopt;
    };
    std::optional<Entry> ours = entry(in_ours, ours_);
    auto edit = merge_key_((in_ours ? ours_ : theirs_).key(), entry(in_base, base_), ours,
                           entry(in_theirs, theirs_));
    if (!edit) return pass_on(edit);
    if (!*edit) {
      if (in_ours) keep(ours_);
      return {};
    }
    auto value = editor_.resolve(**edit, ours);
    if (!value) return pass_on(value);
    if (value->present) out_.add((*edit)->key, {value->bytes, value->side, value->logical_bytes});
    return {};
  }

  struct Alike {
    std::array<const char*, 3> nodes{};
    bool have_same_keys = false;
    Alike() = default;
    Alike(const char* base, const char* ours, const char* theirs) : nodes{base, ours, theirs} {}
  };

  const MergeKey& merge_key_;
  TreeEditor editor_;
  TreeAssembler out_;
  Side base_, ours_, theirs_;
  const bool has_base_;
  Alike alike_;                 // where stands_alike() looked last
  Bytes last_;                  // reused
  std::vector<Address> sides_;  // reused
};

Result<std::optional<Tree>> merge_trees(const Tree* base, const Tree& ours, const Tree& theirs,
                                        const MergeKey& merge_key) {
  auto arena = Arena::keeping(ours.arena(), TreeAccess::arena_or_null(theirs));
  auto same = [](const Tree& a, const Tree& b) {
    return TreeAccess::root_node(a).object().bytes == TreeAccess::root_node(b).object().bytes;
  };
  if (same(ours, theirs) || (base && same(*base, theirs))) return std::nullopt;
  if (base && same(*base, ours)) return theirs.in(arena);
  TreeMerger merger(arena, base, ours, theirs, merge_key);
  auto built = merger.run();
  if (!built) return pass_on(built);
  if (built->totals.count == 0) {
    return ours.empty() ? std::nullopt : std::optional(Tree(ours.objects()).in(arena));
  }
  if (built->is_small() && built->small == TreeAccess::root_node(ours).object().bytes) {
    return std::nullopt;
  }
  auto tree = merger.editor().load(*built);
  if (!tree) return pass_on(tree);
  if (TreeAccess::ref(*tree) == TreeAccess::ref(ours)) return std::nullopt;
  return std::move(*tree);
}

}  // namespace ukstore
