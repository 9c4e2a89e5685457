// What several merge bases hold together at one position: the recursive part of the engine.
#include <ukstore/merge/engine.h>

#include <algorithm>

namespace ukstore {
namespace {

Bytes name_of(const CommitSet& set) {
  Bytes name;
  for (const GraphCommit& commit : set) name += commit.ref.hash.view();
  return name;
}

// Names of commits have one length and a key cannot be mistaken for the next one's start, because
// its length stands in front.
Bytes name_of(const CommitSet& set, const std::vector<Bytes>& keys) {
  Bytes name = name_of(set);
  for (const Bytes& key : keys) {
    append_le<uint16_t>(name, static_cast<uint16_t>(key.size()));
    name += key;
  }
  return name;
}

bool same_header(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  bool has_a = a && a->has_payload(), has_b = b && b->has_payload();
  if (!has_a || !has_b) return has_a == has_b;
  return a->kind == b->kind && a->payload_form == b->payload_form && a->inlined == b->inlined &&
         a->object == b->object;
}

// Counts how deep a recursion is.
class Deeper {
 public:
  explicit Deeper(uint64_t& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }

 private:
  uint64_t& depth_;
};

}  // namespace

Result<const CommitSet*> MergeEngine::bases(const CommitSet& set, const GraphCommit& commit) {
  Bytes name = name_of(set);
  name += commit.ref.hash.view();
  auto known = bases_.find(name);
  if (known != bases_.end()) return &known->second;
  auto shared = bases_of(graph_, set, commit);
  if (!shared) return pass_on(shared);
  return &bases_.emplace(std::move(name), std::move(*shared)).first->second;
}

Result<MergeEngine::Found> MergeEngine::find(const GraphCommit& commit, const Keys& keys) {
  Bytes name(commit.ref.hash.view());
  auto known = trees_.find(name);
  if (known == trees_.end()) {
    auto tree = graph_.tree(commit);
    if (!tree) return pass_on(tree);
    known = trees_.emplace(std::move(name), std::move(*tree)).first;
  }
  Found found{known->second, std::nullopt};
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) {
      auto below =
          found.entry ? found.tree.child(*found.entry) : Result<Tree>(Tree(found.tree.objects()));
      if (!below) return pass_on(below);
      found.tree = std::move(*below);
    }
    auto entry = found.tree.find(keys[i]);
    if (!entry) return pass_on(entry);
    found.entry = *entry;
  }
  return found;
}

Result<Live> MergeEngine::base_live(const Level& level, const KeyInput& in, Schema schema) {
  const std::vector<Tree>& trees = level.base.trees;
  if (trees.empty()) return Live{};
  bool agree = std::ranges::all_of(in.base, [&](const std::optional<Entry>& entry) {
    return schema == Schema::directory ? same_header(entry, in.base.front())
                                       : entry == in.base.front();
  });
  if (agree) {
    return schema == Schema::directory
               ? read_live(trees.front(), in.base.front())
               : read_live(trees.front(), schema, level.kind, in.key, in.base.front());
  }
  return live_of(*level.base.set, keys_, schema, level.kind);
}

Result<Live> MergeEngine::live_of(const CommitSet& set, const Keys& keys, Schema schema,
                                  Kind kind) {
  if (auto ok = step(); !ok) return pass_on(ok);
  if (set.empty()) return Live{};
  if (set.size() == 1) {
    auto found = find(set.front(), keys);
    if (!found) return pass_on(found);
    return schema == Schema::directory
               ? read_live(found->tree, found->entry)
               : read_live(found->tree, schema, kind, keys.back(), found->entry);
  }
  Bytes name = name_of(set, keys);
  auto known = lives_.find(name);
  if (known != lives_.end()) return known->second;
  Deeper deeper(depth_);
  if (depth_ > budget_.depth_max) {
    return fail(Error::Kind::limit,
                "merge bases of merge bases go deeper than " + std::to_string(budget_.depth_max));
  }
  // The last one joins what the others are together.
  const GraphCommit& last = set.back();
  CommitSet others(set.begin(), set.end() - 1);
  auto ours = live_of(others, keys, schema, kind);
  if (!ours) return ours;
  auto theirs = live_of({last}, keys, schema, kind);
  if (!theirs) return theirs;
  Live live = *ours;
  if (*ours != *theirs) {
    auto shared = bases(others, last);
    if (!shared) return pass_on(shared);
    auto base = live_of(**shared, keys, schema, kind);
    if (!base) return base;
    auto merged = three_way(*base, *ours, *theirs);
    if (!merged) return merged;
    live = std::move(*merged);
  }
  lives_.emplace(std::move(name), live);
  return live;
}

Result<std::optional<Bytes>> MergeEngine::user_of(const CommitSet& set, const Keys& keys,
                                                  Kind kind) {
  if (auto ok = step(); !ok) return pass_on(ok);
  if (set.empty()) return std::nullopt;
  if (set.size() == 1) {
    auto found = find(set.front(), keys);
    if (!found) return pass_on(found);
    if (!found->entry || !found->entry->has_payload()) return std::nullopt;
    auto bytes = found->tree.read(*found->entry);
    if (!bytes) return pass_on(bytes);
    return std::move(*bytes);
  }
  Bytes name = name_of(set, keys);
  auto known = users_.find(name);
  if (known != users_.end()) return known->second;
  Deeper deeper(depth_);
  if (depth_ > budget_.depth_max) {
    return fail(Error::Kind::limit,
                "merge bases of merge bases go deeper than " + std::to_string(budget_.depth_max));
  }
  std::optional<Bytes> state;
  // The value goes with the last live entry of its kind.
  auto live = live_of(set, Keys(keys.begin(), keys.end() - 1), Schema::directory, kind);
  if (!live) return pass_on(live);
  if (has_kind(*live, kind)) {
    const GraphCommit& last = set.back();
    CommitSet others(set.begin(), set.end() - 1);
    auto ours = user_of(others, keys, kind);
    if (!ours) return ours;
    auto theirs = user_of({last}, keys, kind);
    if (!theirs) return theirs;
    auto shared = bases(others, last);
    if (!shared) return pass_on(shared);
    auto base = user_of(**shared, keys, kind);
    if (!base) return base;
    auto merged = merge_bytes(kind, *base, *ours, *theirs);
    if (!merged) return merged;
    state = std::move(*merged);
  }
  users_.emplace(std::move(name), state);
  return state;
}

Result<std::optional<Bytes>> MergeEngine::merge_bytes(Kind kind, const std::optional<Bytes>& base,
                                                      const std::optional<Bytes>& ours,
                                                      const std::optional<Bytes>& theirs) {
  if (ours == theirs || base == theirs) return ours;
  if (base == ours) return theirs;
  const TypeRegistry::MergeBytes* merge = types_.find(kind);
  Bytes at = path();
  if (!merge) {
    return fail(Error::Kind::unsupported, printable(at) + " holds a value of " +
                                              ukstore::name(kind) +
                                              ", which this program does not know, changed on both "
                                              "sides");
  }
  auto merged = (*merge)({at, kind}, base, ours, theirs);
  if (!merged) return pass_on(merged, printable(at));
  return merged;
}

}  // namespace ukstore
