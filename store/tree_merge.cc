#include <ukstore/store/tree_merge.h>

#include <ukstore/store/alike_merge.h>
#include <ukstore/store/merge_side.h>
#include <ukstore/store/tree_assembler.h>

namespace ukstore {

class TreeMerger {
 public:
  // `arena` keeps those of `ours` and `theirs`.
  TreeMerger(std::shared_ptr<Arena> arena, const Tree* base, const Tree& ours, const Tree& theirs,
             const MergeKey& merge_key)
      : merge_key_(merge_key),
        editor_(ours.objects(), std::move(arena)),
        alike_nodes_(ours.objects(), editor_),
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
    const int level = std::max({base_.level(), ours_.level(), theirs_.level()});
    if (level <= 0) {
      if (auto ok = merge_run(); !ok) return ok;
      return merge_entry();
    }
    if (has_base_) {
      auto taken = take_children();
      if (!taken) return pass_on(taken);
      if (*taken) return {};
    }
    if (ours_.same_subtree(theirs_)) return take_agreed();
    if (has_base_) {
      if (base_.same_subtree(ours_)) return take_changed(theirs_, ours_);
      if (base_.same_subtree(theirs_)) return take_changed(ours_, theirs_);
      if (adds_whole(theirs_, ours_)) return take(theirs_, edge_at_end(ours_));
      if (adds_whole(ours_, theirs_)) return take(ours_, edge_at_end(theirs_));
    }
    for (MergeSide* side : {&base_, &ours_, &theirs_}) {
      if (side->level() != level) continue;
      if (auto ok = enter(*side); !ok) return ok;
    }
    return {};
  }

  // Takes children one by one where all three stand in front of nodes that hold the same range of
  // keys, up to one that cannot be merged without opening it.  The last of a node is left out, as
  // it may be the last of its level.  False if none was taken.
  Result<bool> take_children() {
    const int above = ours_.level();
    if (above <= 0 || theirs_.level() != above || base_.level() != above) return false;
    const uint8_t level = static_cast<uint8_t>(above - 1);
    const NodeView &b = base_.cursor().node(), &o = ours_.cursor().node(),
                   &t = theirs_.cursor().node();
    uint32_t in_base = base_.cursor().index(), in_ours = ours_.cursor().index(),
             in_theirs = theirs_.cursor().index(), taken = 0;
    const bool alike = have_same_keys(b, o, t) && in_base == in_ours && in_theirs == in_ours;
    for (; in_base + 1 < b.count() && in_ours + 1 < o.count() && in_theirs + 1 < t.count();
         ++in_base, ++in_ours, ++in_theirs, ++taken) {
      if (!alike && !(o.has_key_at(in_ours, t, in_theirs) && o.has_key_at(in_ours, b, in_base))) {
        break;
      }
      if (taken == 0 && !out_.takes(level)) return false;
      const Hash ours = o.hash(in_ours), theirs = t.hash(in_theirs), base = b.hash(in_base);
      if (ours == theirs || theirs == base) {
        out_.add_child(o, in_ours, o.child(in_ours), o.child_totals(in_ours));
      } else if (ours == base) {
        out_.add_child(o, in_ours, t.child(in_theirs), t.child_totals(in_theirs));
      } else {
        if (level > 1 || refused_ == ours) break;
        auto merged = alike_nodes_.merge(
            {b.child(in_base), o.child(in_ours), t.child(in_theirs), o.child_totals(in_ours)},
            level);
        if (!merged) return pass_on(merged);
        if (!*merged) {
          refused_ = ours;
          break;
        }
        out_.add_child(o, in_ours, (*merged)->node, (*merged)->totals);
      }
    }
    if (taken == 0) return false;
    for (MergeSide* side : {&base_, &ours_, &theirs_}) side->skip_subtrees(taken);
    return true;
  }

  // What most nodes near a change look like; looked at once for three nodes.
  bool have_same_keys(const NodeView& b, const NodeView& o, const NodeView& t) {
    Alike now{b.object().bytes.data(), o.object().bytes.data(), t.object().bytes.data()};
    if (now.nodes != alike_.nodes) {
      now.have_same_keys = b.has_keys_of(o) && t.has_keys_of(o);
      alike_ = now;
    }
    return alike_.have_same_keys;
  }

  // Both sides hold the same subtree.
  Result<void> take_agreed() {
    last_ = ours_.key();
    if (auto ok = take(ours_, Edge::closed); !ok) return ok;
    theirs_.skip();
    return base_.pass(last_);
  }

  // Base and `same` hold the same subtree: what `changed` holds there instead is the merge.
  Result<void> take_changed(MergeSide& changed, MergeSide& same) {
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
  bool adds_whole(MergeSide& side, MergeSide& other) {
    return side.level() > 0 && lies_before(side, other) && lies_before(side, base_);
  }
  static bool lies_before(MergeSide& side, MergeSide& other) {
    return other.at_end() || (other.level() == 0 && side.key() < other.key());
  }
  static Edge edge_at_end(const MergeSide& other) {
    return other.at_end() ? Edge::closed : Edge::open;
  }

  // Takes what is in front of a side into the result.
  Result<void> take(MergeSide& side, Edge edge) {
    TreeCursor::Place place = side.cursor().place();
    do {
      const TreeCursor& at = side.cursor();
      if (side.level() == 0) {
        keep(side, side.key());
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

  Result<void> enter(MergeSide& side) {
    ObjectRef ref = side.child();
    if (auto ok = side.enter(); !ok) return ok;
    if (&side != &base_) offer(&side == &ours_ ? kOurs : kTheirs, side.cursor().node(), ref);
    return {};
  }

  void keep(const MergeSide& side, BytesView key) {
    BytesView value = side.cursor().value();
    sides_.clear();
    const ObjectView& object = side.cursor().node().object();
    if (object.side_count > 0) {
      uint32_t from = side.cursor().side_index(), named = side_count(value);
      for (uint32_t i = 0; i < named; ++i) sides_.push_back(object.address(from + i));
    }
    out_.add(key, {value, sides_, logical_bytes(value)});
  }

  // While all sides stand in leaves, before the last entry there, that name no objects: what
  // merge_entry does, without its detours.
  Result<void> merge_run() {
    for (const MergeSide* side : {&base_, &ours_, &theirs_}) {
      if (side->at_end() || side->cursor().node().object().side_count > 0) return {};
    }
    LeafRun b(base_), o(ours_), t(theirs_);
    Result<void> result;
    while (result && b.has_more() && o.has_more() && t.has_more()) {
      const BytesView ours_key = o.keys[o.i], theirs_key = t.keys[t.i];
      const int order = ours_key.compare(theirs_key);
      const BytesView key = order <= 0 ? ours_key : theirs_key;
      const int base_order = b.keys[b.i].compare(key);
      if (base_order < 0) {  // both sides have removed it
        ++b.i;
        continue;
      }
      result = merge_in_run(key, base_order == 0 ? &b : nullptr, order <= 0 ? &o : nullptr,
                            order >= 0 ? &t : nullptr);
      b.i += base_order == 0;
      o.i += order <= 0;
      t.i += order >= 0;
    }
    base_.skip_subtrees(b.i - b.first);
    ours_.skip_subtrees(o.i - o.first);
    theirs_.skip_subtrees(t.i - t.first);
    return result;
  }

  // One key, where null sides do not hold it.
  Result<void> merge_in_run(BytesView key, const LeafRun* base, const LeafRun* ours,
                            const LeafRun* theirs) {
    auto agree = [](const LeafRun* one, const LeafRun* other) {
      return one && other ? one->value() == other->value() : one == other;
    };
    const LeafRun* kept = ours;
    if (!agree(ours, theirs) && !agree(base, theirs)) {
      if (!agree(base, ours)) {
        auto entry = [](const LeafRun* run) {
          return run ? std::optional(run->entry()) : std::nullopt;
        };
        auto keeps_ours = merge_both(key, entry(base), entry(ours), entry(theirs));
        if (!keeps_ours) return pass_on(keeps_ours);
        if (!*keeps_ours) return {};
      } else {
        kept = theirs;
      }
    }
    if (kept) out_.add(key, {kept->value(), {}, logical_bytes(kept->value())});
    return {};
  }

  // Entries stand in front of all sides that are not at their end.
  Result<void> merge_entry() {
    const bool ours_left = !ours_.at_end(), theirs_left = !theirs_.at_end();
    if (!ours_left && !theirs_left) return {};
    const BytesView ours_key = ours_left ? ours_.key() : BytesView(),
                    theirs_key = theirs_left ? theirs_.key() : BytesView();
    const int order = !ours_left ? 1 : !theirs_left ? -1 : ours_key.compare(theirs_key);
    const bool in_ours = order <= 0, in_theirs = order >= 0;
    const BytesView key = in_ours ? ours_key : theirs_key;
    bool in_base = false;
    if (!base_.at_end()) {
      const int base_order = base_.key().compare(key);
      if (base_order < 0) {  // both sides have removed it
        base_.skip();
        return {};
      }
      in_base = base_order == 0;
    }
    auto agree = [](bool in_one, const MergeSide& one, bool in_other, const MergeSide& other) {
      return in_one == in_other && (!in_one || one.same_value(other));
    };
    if (agree(in_ours, ours_, in_theirs, theirs_) ||
        (has_base_ && agree(in_base, base_, in_theirs, theirs_))) {
      if (in_ours) keep(ours_, key);
    } else if (has_base_ && agree(in_base, base_, in_ours, ours_)) {
      if (in_theirs) keep(theirs_, key);
    } else {
      auto entry = [](bool in, const MergeSide& side) {
        return in ? std::optional(side.cursor().entry()) : std::nullopt;
      };
      auto keeps_ours =
          merge_both(key, entry(in_base, base_), entry(in_ours, ours_), entry(in_theirs, theirs_));
      if (!keeps_ours) return pass_on(keeps_ours);
      if (*keeps_ours && in_ours) keep(ours_, key);
    }
    if (in_ours) ours_.skip();
    if (in_theirs) theirs_.skip();
    if (in_base) base_.skip();
    return {};
  }

  // Adds what a key becomes that both sides changed; true if it is to stay as ours has it.
  Result<bool> merge_both(BytesView key, const std::optional<Entry>& base,
                          const std::optional<Entry>& ours, const std::optional<Entry>& theirs) {
    auto edit = merge_key_(key, base, ours, theirs);
    if (!edit) return pass_on(edit);
    if (!*edit) return true;
    auto value = editor_.resolve(**edit, ours);
    if (!value) return pass_on(value);
    if (value->present) out_.add((*edit)->key, {value->bytes, value->side, value->logical_bytes});
    return false;
  }

  struct Alike {
    std::array<const char*, 3> nodes{};
    bool have_same_keys = false;
    Alike() = default;
    Alike(const char* base, const char* ours, const char* theirs) : nodes{base, ours, theirs} {}
  };

  const MergeKey& merge_key_;
  TreeEditor editor_;
  AlikeMerger alike_nodes_;
  TreeAssembler out_;
  MergeSide base_, ours_, theirs_;
  const bool has_base_;
  Hash refused_;                // the node of ours that could not be merged as one alike
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
