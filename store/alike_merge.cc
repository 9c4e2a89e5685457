#include <ukstore/store/alike_merge.h>

namespace ukstore {
namespace {

// The values of a leaf one after another, with what lies before them.
class LeafWalk {
 public:
  explicit LeafWalk(const NodeView& leaf) : leaf_(leaf), names_(leaf.object().side_count > 0) {}

  BytesView next(uint32_t i, uint64_t key_bytes) {
    value_ = leaf_.value(i);
    before_ = behind_;
    behind_ += leaf_counted_bytes(key_bytes, value_.size());
    if (names_) {
      side_ += named_;
      named_ = side_count(value_);
    }
    return value_;
  }
  void append_sides(std::vector<Address>& to) const {
    for (uint32_t s = 0; s < named_; ++s) to.push_back(leaf_.object().address(side_ + s));
  }
  uint64_t entry_bytes() const { return behind_ - before_; }
  // Whether the leaf has so many counted bytes before and behind the entry.
  bool spans(uint64_t before, uint64_t behind) const {
    return before_ == before && behind_ == behind;
  }

 private:
  const NodeView& leaf_;
  const bool names_;
  BytesView value_;
  uint32_t side_ = 0, named_ = 0;  // addresses before the entry's, and its own
  uint64_t before_ = 0, behind_ = 0;
};

}  // namespace

Result<NodeView> AlikeMerger::load(const ObjectRef& ref, uint8_t level) {
  auto view = objects_.load(ref);
  if (!view) return pass_on(view);
  if (view->kind == (level == 0 ? ObjectKind::leaf : ObjectKind::inner)) {
    NodeView node(*view);
    if (node.level() == level && node.count() > 0) return node;
  }
  return fail(Error::Kind::corrupt,
              "object " + to_hex(ref.hash) + " is no tree node of level " + std::to_string(level));
}

Result<std::optional<AlikeMerger::Merged>> AlikeMerger::merge(const Place& place, uint8_t level) {
  leaves_.clear();
  taken_.clear();
  values_.clear();
  sides_.clear();
  auto planned = level == 0 ? plan_leaf(0, place) : plan_inner(place);
  if (!planned) return pass_on(planned);
  if (!*planned) return std::nullopt;
  if (level == 0) return Merged{make_leaf(leaves_.front()), leaves_.front().totals};
  return Merged{make_inner(place), totals_};
}

Result<bool> AlikeMerger::plan_inner(const Place& place) {
  auto base = load(place.base, 1), ours = load(place.ours, 1), theirs = load(place.theirs, 1);
  for (const auto* node : {&base, &ours, &theirs}) {
    if (!*node) return pass_on(*node);
  }
  if (!base->has_keys_of(*ours) || !theirs->has_keys_of(*ours)) return false;
  ours_ = *ours;
  theirs_ = *theirs;
  totals_ = place.totals;
  for (uint32_t i = 0; i < ours->count(); ++i) {
    const Hash b = base->hash(i), o = ours->hash(i), t = theirs->hash(i);
    if (o == t || t == b) continue;
    const NodeTotals before = ours->child_totals(i);
    NodeTotals after = theirs->child_totals(i);
    if (o == b) {
      taken_.push_back({i, theirs->child(i), after});
    } else {
      auto planned = plan_leaf(i, {base->child(i), ours->child(i), theirs->child(i), before});
      if (!planned || !*planned) return planned;
      after = leaves_.back().totals;
    }
    if (!ours->keeps_widths(i, after)) return false;
    totals_.count += after.count - before.count;
    totals_.bytes += after.bytes - before.bytes;
  }
  return true;
}

Result<bool> AlikeMerger::plan_leaf(uint32_t index, const Place& place) {
  auto base = load(place.base, 0), ours = load(place.ours, 0), theirs = load(place.theirs, 0);
  for (const auto* node : {&base, &ours, &theirs}) {
    if (!*node) return pass_on(*node);
  }
  if (!base->has_keys_of(*ours) || !theirs->has_keys_of(*ours)) return false;
  Leaf leaf{index, *ours, values_.size(), sides_.size(), 0, {}, place.totals};
  const From from = choose_values(*base, *ours, *theirs, leaf);
  leaf.sides = sides_.size() - leaf.sides_from;
  if (from == From::nowhere) return false;
  if (from == From::ours) leaf.known = place.ours;
  if (from == From::theirs) leaf.known = place.theirs;
  leaves_.push_back(leaf);
  return true;
}

// The rule of three-way merges, entry by entry.
AlikeMerger::From AlikeMerger::choose_values(const NodeView& base, const NodeView& ours,
                                             const NodeView& theirs, Leaf& leaf) {
  bool all_ours = true, all_theirs = true;
  LeafWalk in_ours(ours), in_theirs(theirs);
  uint64_t counted = 0;
  for (uint32_t i = 0; i < ours.count(); ++i) {
    const uint64_t key_bytes = ours.key_bytes(i);
    const BytesView o = in_ours.next(i, key_bytes), t = in_theirs.next(i, key_bytes);
    bool takes_theirs = false;
    if (o != t) {
      const BytesView b = base.value(i);
      takes_theirs = b == o;
      if (!takes_theirs && b != t) return From::nowhere;
      (takes_theirs ? all_ours : all_theirs) = false;
    }
    const LeafWalk& from = takes_theirs ? in_theirs : in_ours;
    values_.push_back(takes_theirs ? t : o);
    from.append_sides(sides_);
    if (takes_theirs) leaf.totals.bytes += logical_bytes(t) - logical_bytes(o);
    // With as many bytes before and behind the entry as on a side it ends the leaf as it does
    // there.
    const uint64_t before = counted;
    counted += from.entry_bytes();
    if (in_ours.spans(before, counted) || in_theirs.spans(before, counted)) continue;
    key_.clear();
    ours.append_key(i, key_);
    const bool ends = is_boundary(boundary_hash(0, key_), before, counted);
    if (ends != (i + 1 == ours.count())) return From::nowhere;
  }
  return all_ours ? From::ours : all_theirs ? From::theirs : From::both;
}

ObjectRef AlikeMerger::make_leaf(const Leaf& leaf) {
  if (leaf.known) return *leaf.known;
  bytes_.clear();
  encode_leaf_like(leaf.keys, std::span(values_).subspan(leaf.values_from, leaf.keys.count()),
                   bytes_);
  return editor_.stage(ObjectKind::leaf, bytes_,
                       std::span(sides_).subspan(leaf.sides_from, leaf.sides));
}

ObjectRef AlikeMerger::make_inner(const Place& place) {
  addresses_.clear();
  for (uint32_t i = 0; i < ours_.count(); ++i) addresses_.push_back(ours_.address(i));
  inner_ = ours_.object().bytes;
  auto put = [&](uint32_t i, const ObjectRef& child, NodeTotals below) {
    ours_.put_child(inner_, i, child.hash, below);
    addresses_[i] = child.address;
  };
  for (const TakenChild& child : taken_) put(child.index, child.ref, child.totals);
  for (const Leaf& leaf : leaves_) put(leaf.index, make_leaf(leaf), leaf.totals);
  if (inner_ == ours_.object().bytes) return place.ours;
  if (inner_ == theirs_.object().bytes) return place.theirs;
  return editor_.stage(ObjectKind::inner, inner_, addresses_);
}

}  // namespace ukstore
