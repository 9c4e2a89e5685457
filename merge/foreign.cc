#include <ukstore/merge/foreign.h>

#include <ukstore/merge/store_graph.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/store/diff.h>

#include <algorithm>

namespace ukstore {
namespace {

using OptionalEntry = std::optional<Entry>;

class StateCheck {
 public:
  StateCheck(const TypeRegistry& types, std::optional<uint64_t> generation)
      : types_(types), generation_(generation) {}

  // The steps of a directory and what is below them.
  Result<void> directory(const Tree& known, const Tree& tree, const Bytes& path) {
    auto visit = [&](BytesView key, const OptionalEntry& was, const Entry& is) -> Result<void> {
      if (is_reserved(key)) {
        if (path.empty()) return bad("the top", "holds a value of its own");
        return {};
      }
      Bytes below = path.empty() ? Bytes(key) : path + "/" + Bytes(key);
      if (auto ok = check_path(below); !ok) return bad(below, ok.error().message);
      if (key.find('/') != BytesView::npos) return bad(below, "is no step of a path");
      return position(known, was, tree, is, below);
    };
    return each_change(known, tree, visit);
  }
  Result<void> finish() {
    std::ranges::sort(fresh_);
    auto twice = std::ranges::adjacent_find(fresh_);
    if (!generation_ || twice == fresh_.end()) return {};
    return fail(Error::Kind::corrupt, "the dot " + to_string(*twice) + " is minted twice");
  }

 private:
  static std::unexpected<Error> bad(BytesView path, std::string_view what) {
    return fail(Error::Kind::corrupt, printable(path) + " " + std::string(what));
  }
  static Result<Tree> child_of(const Tree& tree, const OptionalEntry& entry) {
    return entry ? tree.child(*entry) : Result<Tree>(Tree(tree.objects()));
  }
  template <class Visit>
  static Result<void> each_change(const Tree& known, const Tree& tree, const Visit& visit) {
    Result<void> result;
    auto ok = diff(known, tree, [&](BytesView key, const auto& was, const auto& is) {
      if (is) result = visit(key, was, *is);
      return result ? Flow::go_on : Flow::stop;
    });
    return ok ? result : ok;
  }

  Result<void> position(const Tree& known, const OptionalEntry& was, const Tree& tree,
                        const Entry& is, const Bytes& path) {
    auto live = read_live(tree, is), live_before = read_live(known, was);
    if (!live) return pass_on(live, printable(path));
    if (!live_before) return pass_on(live_before, printable(path));
    Live fresh;
    for (const LiveEntry& entry : *live) {
      if (std::ranges::find(*live_before, entry) != live_before->end()) continue;
      if (auto ok = mint(entry.dot, path); !ok) return ok;
      fresh.push_back(entry);
    }
    auto child = tree.child(is), child_before = child_of(known, was);
    if (!child) return pass_on(child);
    if (!child_before) return pass_on(child_before);
    if (auto ok = own_values(*child_before, *child, *live, fresh, path); !ok) return ok;
    return directory(*child_before, *child, path);
  }

  // What stands under the reserved keys of a position, where `fresh` was written.
  Result<void> own_values(const Tree& known, const Tree& tree, const Live& live, const Live& fresh,
                          const Bytes& path) {
    size_t beside = 0, wanted = live.empty() ? 0 : encode_header(live).values.size();
    Result<void> result;
    auto ok = tree.scan({}, kFirstStep, Direction::forward, [&](BytesView key, const Entry& entry) {
      auto slot = slot_of(key);
      if (!slot) {
        result = bad(path, slot.error().message);
      } else if (slot->is == Slot::Is::beside) {
        bool fits = key == beside_key(beside++) && !entry.has_child() &&
                    entry.kind == static_cast<uint8_t>(Kind::file);
        if (!fits) result = bad(path, "holds a long value that is not one of its header's");
      } else if (!has_kind(live, slot->kind)) {
        result = bad(path, "holds a value of a " + name(slot->kind) + " without its entry");
      } else {
        result = value(known, tree, key, entry, slot->kind, fresh, path);
      }
      return result ? Flow::go_on : Flow::stop;
    });
    if (!ok) return ok;
    if (result && beside != wanted) result = bad(path, "holds too many long values");
    return result;
  }

  Result<void> value(const Tree& known, const Tree& tree, BytesView key, const Entry& entry,
                     Kind kind, const Live& fresh, const Bytes& path) {
    Schema schema = schema_of(kind);
    if (schema == Schema::directory) return {};  // a kind of a later version
    auto was = known.find(key);
    if (!was) return pass_on(was);
    // An update stamps the entry anew, or a removal beside it would take the value away.
    if (generation_ && !has_kind(fresh, kind) && *was != entry) {
      return bad(path, "changes a " + name(kind) + " without a new dot for its entry");
    }
    if (schema == Schema::user_state) return user_state(tree, entry, kind, path);
    if (entry.has_payload()) return bad(path, "holds a " + name(kind) + " of the wrong form");
    auto child = tree.child(entry), child_before = child_of(known, *was);
    if (!child) return pass_on(child);
    if (!child_before) return pass_on(child_before);
    return each_change(*child_before, *child,
                       [&](BytesView item, const OptionalEntry& item_was, const Entry& item_is) {
                         return element(*child_before, item_was, *child, item, item_is, kind, path);
                       });
  }

  Result<void> element(const Tree& known, const OptionalEntry& was, const Tree& tree, BytesView key,
                       const Entry& is, Kind kind, const Bytes& path) {
    if (is.kind != static_cast<uint8_t>(kind)) {
      return bad(path, "holds a " + name(kind) + " with an entry of another kind");
    }
    if (schema_of(kind) == Schema::dot_sets) {
      if (!key.starts_with('e')) return bad(path, "holds a set with a key that is no element");
      auto dots = read_dots(tree, kind, is), before = read_dots(known, kind, was);
      if (!dots) return pass_on(dots, printable(path));
      if (!before) return pass_on(before, printable(path));
      for (const Dot& dot : *dots) {
        if (std::ranges::binary_search(*before, dot)) continue;
        if (auto ok = mint(dot, path); !ok) return ok;
      }
      return {};
    }
    auto live = read_live(tree, Schema::dot_keyed, kind, key, is);
    if (!live) return pass_on(live, printable(path));
    if (was) return bad(path, "changes what the dot " + to_string(live->front().dot) + " wrote");
    if (kind == Kind::counter && !is_amount(is)) return bad(path, "holds an amount that is none");
    bool is_empty = is.payload_form == PayloadForm::inlined && is.inlined.empty();
    if (kind == Kind::flag && !is_empty) return bad(path, "holds a flag with a value");
    return mint(live->front().dot, path);
  }

  static bool is_amount(const Entry& entry) {
    return entry.payload_form == PayloadForm::inlined && decode_amount(entry.inlined).has_value();
  }

  Result<void> user_state(const Tree& tree, const Entry& entry, Kind kind, const Bytes& path) {
    if (entry.has_child() || !entry.has_payload() || entry.kind != static_cast<uint8_t>(kind)) {
      return bad(path, "holds a " + name(kind) + " of the wrong form");
    }
    const TypeRegistry::CheckBytes* check = types_.find_check(kind);
    if (!check) return {};
    auto bytes = tree.read(entry);
    if (!bytes) return pass_on(bytes);
    if (auto ok = (*check)(*bytes); !ok) return bad(path, ok.error().message);
    return {};
  }

  Result<void> mint(const Dot& dot, const Bytes& path) {
    if (generation_ && dot.generation != *generation_) {
      return bad(path, "holds the dot " + to_string(dot) + ", which its commit of generation " +
                           std::to_string(*generation_) + " cannot have minted");
    }
    fresh_.push_back(dot);
    return {};
  }

  const TypeRegistry& types_;
  const std::optional<uint64_t> generation_;
  std::vector<Dot> fresh_;
};

}  // namespace

Result<void> check_change(const State& known, const State& state, const TypeRegistry& types,
                          std::optional<uint64_t> generation) {
  StateCheck check(types, generation);
  if (auto ok = check.directory(known.tree(), state.tree(), {}); !ok) return ok;
  return check.finish();
}

Result<void> check_state(const State& state, const TypeRegistry& types) {
  return check_change(State(Tree(state.tree().objects())), state, types);
}

Result<void> check_commit(const CommitSource& source, const ObjectRef& ref,
                          const TypeRegistry& types, MergeBudget budget) {
  StoreGraph graph(source);
  auto commit = graph.commit(ref);
  if (!commit) return pass_on(commit);
  auto links = source.links(commit->ref);
  if (!links) return pass_on(links);
  auto tree = graph.tree(*commit);
  if (!tree) return pass_on(tree);
  CommitSet parents;
  for (size_t i = 0; i < links->parent_count(); ++i) {
    auto parent = graph.commit(links->parent(i));
    if (!parent) return pass_on(parent);
    parents.push_back(*parent);
  }
  std::ranges::sort(parents);
  std::string named = "commit " + to_hex(ref.hash);
  // Parents that are ancestors of others add nothing to what is known.
  CommitSet heads;
  for (const GraphCommit& parent : parents) {
    bool covered = false;
    for (const GraphCommit& other : parents) {
      if (other == parent || covered) continue;
      auto below = graph.is_ancestor(parent, other);
      if (!below) return pass_on(below);
      covered = *below;
    }
    if (!covered) heads.push_back(parent);
  }
  MergeEngine engine(graph, types, budget);
  // Two are merged at the cost of what changed; bases of bases only where both sides did.
  auto known = heads.size() == 2 ? engine.merge(heads[0], heads[1])
                                 : engine.state_of(heads, Tree(tree->objects()));
  if (!known) return pass_on(known, named);
  if (links->canonical_merge()) {
    if (*known == *tree) return {};
    return fail(Error::Kind::corrupt, named + " is no merge of its parents, as it says");
  }
  auto ok = check_change(State(*known), State(*tree), types, commit->generation);
  return ok ? ok : pass_on(ok, named);
}

Result<void> check_history(const CommitSource& source, std::span<const ObjectRef> heads,
                           std::span<const ObjectRef> known, const TypeRegistry& types,
                           MergeBudget budget) {
  WalkBudget walk;
  auto log = Log::start(source, heads, {.hide = {known.begin(), known.end()}}, walk);
  if (!log) return pass_on(log);
  std::vector<ObjectRef> commits;
  for (;;) {
    auto next = log->next();
    if (!next) return pass_on(next);
    if (!*next) break;
    commits.push_back((*next)->ref);
  }
  for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
    if (auto ok = check_commit(source, *commit, types, budget); !ok) return ok;
  }
  return {};
}

}  // namespace ukstore
