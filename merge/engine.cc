#include <ukstore/merge/engine.h>

#include <ukstore/store/tree_merge.h>

#include <algorithm>

namespace ukstore {
namespace {

bool same_payload(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  bool has_a = a && a->has_payload(), has_b = b && b->has_payload();
  if (!has_a || !has_b) return has_a == has_b;
  return a->kind == b->kind && a->payload_form == b->payload_form && a->inlined == b->inlined &&
         a->object == b->object && a->payload_size == b->payload_size;
}

template <class Entries>
bool all_equal(const Entries& entries) {
  return std::ranges::all_of(entries, [&](const auto& entry) { return entry == entries.front(); });
}

// The edit that makes `key` what it is in `from`.
Result<std::optional<Edit>> take(const Tree& from, BytesView key,
                                 const std::optional<Entry>& entry) {
  if (!entry) return Edit::remove(Bytes(key));
  Edit edit{.key = Bytes(key), .payload = Edit::Part::drop, .child = Edit::Part::drop};
  if (entry->has_payload()) {
    edit.payload = Edit::Part::set;
    edit.kind = entry->kind;
    edit.new_payload = from.payload(*entry);
  }
  if (entry->has_child()) {
    auto child = from.child(*entry);
    if (!child) return pass_on(child);
    edit.child = Edit::Part::set;
    edit.new_child = std::make_shared<Tree>(std::move(*child));
  }
  return edit;
}

Result<Tree> child_or_empty(const Tree& tree, const std::optional<Entry>& entry) {
  if (!entry) return Tree(tree.objects());
  return tree.child(*entry);
}

// How many long values stand beside the header of `live`.
size_t beside_count(const Live& live) {
  return live.empty() ? 0 : encode_header(live).values.size();
}

// Puts the header of `live` into the edit of its position, and its long values into the child,
// where other headers had up to `beside_before` of them.  `below` is the child as merged so far;
// nullopt, and so is what is returned, if it is that of `ours`.
Result<std::optional<Tree>> fit_header(const Tree& tree, const std::optional<Entry>& ours,
                                       const Live& live, size_t beside_before,
                                       std::optional<Tree> below, Edit& edit) {
  std::vector<Edit> beside;
  edit.payload = Edit::Part::drop;
  if (!live.empty()) {
    Header header = encode_header(live);
    edit.payload = Edit::Part::set;
    edit.kind = header.stored_kind;
    edit.new_payload = std::move(header.bytes);
    for (Payload& value : header.values) {
      beside.push_back(
          Edit::put(beside_key(beside.size()), static_cast<uint8_t>(Kind::file), std::move(value)));
    }
  }
  while (beside.size() < beside_before) beside.push_back(Edit::remove(beside_key(beside.size())));
  if (beside.empty()) return below;
  if (!below) {
    auto child = child_or_empty(tree, ours);
    if (!child) return pass_on(child);
    below = std::move(*child);
  }
  auto fitted = below->apply(beside);
  if (!fitted) return pass_on(fitted);
  return std::move(*fitted);
}

}  // namespace

Result<void> MergeEngine::step() {
  if (++steps_ <= budget_.steps_max) return {};
  return fail(Error::Kind::limit,
              "this merge takes more than " + std::to_string(budget_.steps_max) + " steps");
}

Bytes MergeEngine::path() const {
  Bytes path;
  for (const Bytes& key : keys_) {
    if (is_reserved(key)) break;
    if (!path.empty()) path.push_back('/');
    path += key;
  }
  return path;
}

void MergeEngine::note(std::optional<Kind> kind, std::string_view rule) {
  Bytes at = path();
  if (merged_.empty() || merged_.back().path != at || merged_.back().kind != kind) {
    merged_.push_back({std::move(at), kind, rule});
  }
}

Result<Tree> MergeEngine::merge(const GraphCommit& ours, const GraphCommit& theirs) {
  auto set = bases({ours}, theirs);
  if (!set) return pass_on(set);
  auto mine = graph_.tree(ours), other = graph_.tree(theirs);
  if (!mine) return pass_on(mine);
  if (!other) return pass_on(other);
  Base base{*set, {}};
  for (const GraphCommit& commit : **set) {
    auto tree = graph_.tree(commit);
    if (!tree) return pass_on(tree);
    base.trees.push_back(std::move(*tree));
  }
  return merge_from(base, *mine, *other);
}

Result<Tree> MergeEngine::state_of(const CommitSet& set, const Tree& empty) {
  if (set.empty()) return empty;
  auto state = graph_.tree(set.front());
  for (size_t i = 1; i < set.size(); ++i) {
    if (!state) return state;
    auto shared = bases(CommitSet(set.begin(), set.begin() + i), set[i]);
    if (!shared) return pass_on(shared);
    auto base = state_of(**shared, empty);
    if (!base) return base;
    auto next = graph_.tree(set[i]);
    if (!next) return next;
    state = merge_trees(*base, *state, *next);
  }
  return state;
}

Result<Tree> MergeEngine::merge_trees(const Tree& base, const Tree& ours, const Tree& theirs) {
  return merge_from(Base{nullptr, {base}}, ours, theirs);
}

Result<Tree> MergeEngine::merge_from(const Base& base, const Tree& ours, const Tree& theirs) {
  merged_.clear();
  conflicts_.clear();
  keys_.clear();
  Tree target = ours.in(arena_ ? arena_ : std::make_shared<Arena>());
  auto merged = merge_level(
      {Schema::directory, Kind::map, base, target, theirs, nullptr, Level::Headers::agree});
  if (!merged) return pass_on(merged);
  Tree result = *merged ? std::move(**merged) : target;
  std::vector<Bytes> candidates = std::move(conflicts_);
  conflicts_.clear();
  for (Bytes& path : candidates) {
    auto value = State(result).value(path);
    if (!value) return pass_on(value);
    if (*value && (*value)->is_conflict()) conflicts_.push_back(std::move(path));
  }
  return result;
}

Result<MergeEngine::MaybeTree> MergeEngine::merge_level(const Level& level) {
  const std::vector<Tree>& trees = level.base.trees;
  if (trees.empty() || all_equal(trees)) {
    const Tree base = trees.empty() ? Tree(level.ours.objects()) : trees.front();
    return ukstore::merge_trees(
        &base, level.ours, level.theirs,
        [&](BytesView key, const auto& b, const auto& o, const auto& t) -> Result<MaybeEdit> {
          if (auto ok = step(); !ok) return pass_on(ok);
          if (trees.size() <= 1) return merge_key(level, {key, {&b, 1}, o, t});
          std::vector<std::optional<Entry>> all(trees.size(), b);
          return merge_key(level, {key, all, o, t});
        });
  }
  return ukstore::merge_trees(
      nullptr, level.ours, level.theirs,
      [&](BytesView key, const auto&, const auto& o, const auto& t) -> Result<MaybeEdit> {
        if (auto ok = step(); !ok) return pass_on(ok);
        std::vector<std::optional<Entry>> all;
        for (const Tree& tree : trees) {
          auto entry = tree.find(key);
          if (!entry) return pass_on(entry);
          all.push_back(std::move(*entry));
        }
        return merge_key(level, {key, all, o, t});
      });
}

Result<MergeEngine::MaybeEdit> MergeEngine::merge_key(const Level& level, const KeyInput& in) {
  std::optional<Slot> slot;
  if (level.schema == Schema::directory) {
    auto is = slot_of(in.key);
    if (!is) return pass_on(is);
    if (is->is == Slot::Is::beside) {
      if (level.headers == Level::Headers::differ) return std::nullopt;  // merged with the header
      return fail(Error::Kind::corrupt, printable(path()) +
                                            ": two different long values carry one dot: two "
                                            "writers used one replica id");
    }
    slot = *is;
  }
  // Where only one side changed the key, what it holds is the merge.  Safe because every operation
  // leaves its dot in the bytes.
  if (all_equal(in.base)) {
    if (in.base.front() == in.theirs) return std::nullopt;
    if (in.base.front() == in.ours) return take(level.theirs, in.key, in.theirs);
    if (level.schema == Schema::dot_sets && has_dots_inline(in.base.front()) &&
        has_dots_inline(in.ours) && has_dots_inline(in.theirs)) {
      return merge_inline_dots(level, in);
    }
  }
  keys_.emplace_back(in.key);
  auto edit = level.schema == Schema::dot_sets ? merge_element(level, in)
              : !slot                          ? merge_dots(level, in)
              : slot->is == Slot::Is::value    ? merge_value(level, in, slot->kind)
                                               : merge_step(level, in);
  keys_.pop_back();
  return edit;
}

Result<Live> MergeEngine::merge_live(const Level& level, const KeyInput& in, const Live& ours,
                                     const Live& theirs) {
  auto base = base_live(level, in, Schema::directory);
  if (!base) return base;
  auto merged = three_way(*base, ours, theirs);
  if (!merged) return pass_on(merged, printable(path()));
  if (*base != ours && *base != theirs) note(std::nullopt, "writes");
  return merged;
}

Result<MergeEngine::MaybeEdit> MergeEngine::merge_step(const Level& level, const KeyInput& in) {
  auto ours = read_live(level.ours, in.ours);
  if (!ours) return pass_on(ours);
  Edit edit{.key = Bytes(in.key)};
  Live live = *ours;
  size_t beside_before = 0;
  bool headers_differ = !same_payload(in.ours, in.theirs);
  if (headers_differ) {
    auto theirs = read_live(level.theirs, in.theirs);
    if (!theirs) return pass_on(theirs);
    auto merged = merge_live(level, in, *ours, *theirs);
    if (!merged) return pass_on(merged);
    live = std::move(*merged);
    beside_before = std::max(beside_count(*ours), beside_count(*theirs));
  }
  if (!live.empty() && (disagree(live) || (in.ours && in.ours->has_child()) ||
                        (in.theirs && in.theirs->has_child()))) {
    conflicts_.push_back(path());  // perhaps: what is below is not merged yet
  }
  auto below = merge_children(level, in, Schema::directory, Kind::map, &live);
  if (!below) return pass_on(below);
  if (headers_differ) {
    auto fitted = fit_header(level.ours, in.ours, live, beside_before, std::move(*below), edit);
    if (!fitted) return pass_on(fitted);
    below = std::move(*fitted);
  }
  if (live == *ours) edit.payload = Edit::Part::keep;
  if (*below) {
    edit.child = Edit::Part::set;
    edit.new_child = std::make_shared<Tree>(std::move(**below));
  }
  if (edit.payload == Edit::Part::keep && edit.child == Edit::Part::keep) return std::nullopt;
  return edit;
}

Result<MergeEngine::MaybeTree> MergeEngine::merge_children(const Level& level, const KeyInput& in,
                                                           Schema schema, Kind kind,
                                                           const Live* live) {
  auto ours = child_or_empty(level.ours, in.ours);
  if (!ours) return pass_on(ours);
  auto theirs = child_or_empty(level.theirs, in.theirs);
  if (!theirs) return pass_on(theirs);
  Base base{level.base.set, {}};
  for (size_t i = 0; i < level.base.trees.size(); ++i) {
    auto child = child_or_empty(level.base.trees[i], in.base[i]);
    if (!child) return pass_on(child);
    base.trees.push_back(std::move(*child));
  }
  auto headers = same_payload(in.ours, in.theirs) ? Level::Headers::agree : Level::Headers::differ;
  return merge_level({schema, kind, base, *ours, *theirs, live, headers});
}

Result<MergeEngine::MaybeEdit> MergeEngine::merge_value(const Level& level, const KeyInput& in,
                                                        Kind kind) {
  // The value goes with the last live entry of its kind.
  if (level.live && !has_kind(*level.live, kind)) {
    return in.ours ? MaybeEdit(Edit::remove(Bytes(in.key))) : std::nullopt;
  }
  Schema schema = schema_of(kind);
  if (schema == Schema::user_state) return merge_user(level, in, kind);
  if (schema == Schema::directory) {
    return fail(Error::Kind::unsupported,
                printable(path()) + " holds a " + name(kind) +
                    ", which this version does not know, changed on both sides");
  }
  note(kind, schema == Schema::dot_keyed ? "dots" : "elements");
  auto below = merge_children(level, in, schema, kind, nullptr);
  if (!below) return pass_on(below);
  if (!*below) return std::nullopt;
  return Edit::put_tree(Bytes(in.key), std::move(**below));
}

// An element that both sides added or removed: three-way on its dots.
Result<MergeEngine::MaybeEdit> MergeEngine::merge_element(const Level& level, const KeyInput& in) {
  const std::vector<Tree>& trees = level.base.trees;
  Result<Dots> base = Dots{};
  if (!all_equal(in.base)) {
    auto live = base_live(level, in, level.schema);
    if (!live) return pass_on(live);
    base = dots_of(*live);
  } else if (!trees.empty()) {
    base = read_dots(trees.front(), level.kind, in.base.front());
  }
  auto ours = read_dots(level.ours, level.kind, in.ours);
  auto theirs = read_dots(level.theirs, level.kind, in.theirs);
  for (const auto* side : {&base, &ours, &theirs}) {
    if (!*side) return pass_on(*side, printable(path()));
  }
  Dots dots = three_way(*base, *ours, *theirs);
  if (dots == *ours) return std::nullopt;
  if (dots.empty()) return Edit::remove(Bytes(in.key));
  Bytes bytes;
  append_dots(bytes, dots);
  return Edit::put(Bytes(in.key), static_cast<uint8_t>(level.kind), std::move(bytes));
}

// The same without decoding, where the bases agree and the dots stand in the entries.
Result<MergeEngine::MaybeEdit> MergeEngine::merge_inline_dots(const Level& level,
                                                              const KeyInput& in) {
  auto bytes = [](const std::optional<Entry>& entry) {
    return entry ? entry->inlined : BytesView();
  };
  auto dots = three_way_encoded(bytes(in.base.front()), bytes(in.ours), bytes(in.theirs));
  if (!dots) return pass_on(dots, printable(path()));
  if (*dots == bytes(in.ours)) return std::nullopt;
  if (dots->empty()) return Edit::remove(Bytes(in.key));
  return Edit::put(Bytes(in.key), static_cast<uint8_t>(level.kind), std::move(*dots));
}

Result<MergeEngine::MaybeEdit> MergeEngine::merge_dots(const Level& level, const KeyInput& in) {
  auto ours = read_live(level.ours, level.schema, level.kind, in.key, in.ours);
  if (!ours) return pass_on(ours);
  auto theirs = read_live(level.theirs, level.schema, level.kind, in.key, in.theirs);
  if (!theirs) return pass_on(theirs);
  auto base = base_live(level, in, level.schema);
  if (!base) return pass_on(base);
  auto live = three_way(*base, *ours, *theirs);
  if (!live) return pass_on(live, printable(path()));
  if (*live == *ours) return std::nullopt;
  auto edit = write_live(level.schema, in.key, *live);
  if (!edit) return pass_on(edit);
  return std::move(*edit);
}

Result<MergeEngine::MaybeEdit> MergeEngine::merge_user(const Level& level, const KeyInput& in,
                                                       Kind kind) {
  auto read = [](const Tree& tree,
                 const std::optional<Entry>& entry) -> Result<std::optional<Bytes>> {
    if (!entry || !entry->has_payload()) return std::nullopt;
    auto bytes = tree.read(*entry);
    if (!bytes) return pass_on(bytes);
    return std::move(*bytes);
  };
  auto ours = read(level.ours, in.ours), theirs = read(level.theirs, in.theirs);
  if (!ours) return pass_on(ours);
  if (!theirs) return pass_on(theirs);
  Result<std::optional<Bytes>> base = std::nullopt;
  if (all_equal(in.base)) {
    if (!level.base.trees.empty()) base = read(level.base.trees.front(), in.base.front());
  } else {
    base = user_of(*level.base.set, keys_, kind);
  }
  if (!base) return pass_on(base);
  note(kind, "type");
  auto merged = merge_bytes(kind, *base, *ours, *theirs);
  if (!merged) return pass_on(merged);
  if (*merged == *ours) return std::nullopt;
  if (!*merged) return Edit::remove(Bytes(in.key));
  return Edit::put(Bytes(in.key), static_cast<uint8_t>(kind), std::move(**merged));
}

}  // namespace ukstore
