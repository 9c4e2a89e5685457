#include <ukstore/store/history.h>

#include <ukstore/store/refs.h>
#include <ukstore/store/walk.h>

#include <algorithm>
#include <bit>

namespace ukstore {
namespace {

class StoredCommits final : public CommitSource {
 public:
  explicit StoredCommits(const ObjectStore& objects) : objects_(objects) {}

  Result<ObjectRef> resolve(const ObjectRef& commit) const override {
    ObjectRef ref = unstaged(commit);
    auto view = objects_.load(ref);
    if (!view) return pass_on(view);
    if (view->kind != ObjectKind::commit) {
      return fail(Error::Kind::invalid, "object " + to_hex(ref.hash) + " is not a commit");
    }
    return ref;
  }
  Result<CommitLinks> links(const ObjectRef& commit) const override {
    auto view = objects_.load(commit);
    if (!view) return pass_on(view);
    if (view->kind == ObjectKind::commit) return CommitLinks(*view);
    return fail(Error::Kind::corrupt, "object " + to_hex(commit.hash) + " is not a commit");
  }
  Result<std::optional<ObjectRef>> at(Address address) const override {
    return commit_at_address(objects_, address);
  }
  Result<Tree> tree(const ObjectRef& root) const override { return Tree::load(objects_, root); }

 private:
  const ObjectStore& objects_;
};

// A commit with its links, for steps along single lines.
struct Place {
  ObjectRef ref;
  CommitLinks links;
  uint64_t generation() const { return links.generation(); }
};

Result<Place> place(const CommitSource& source, const ObjectRef& ref) {
  auto links = source.links(ref);
  if (!links) return pass_on(links);
  return Place{ref, *links};
}

Result<Place> visit(const CommitSource& source, const ObjectRef& ref, WalkBudget& budget) {
  if (budget.visits >= budget.visits_max) {
    return fail(Error::Kind::limit, "a walk over the history reached its limit of commits");
  }
  ++budget.visits;
  return place(source, ref);
}

// The parent of the highest generation; the smallest hash among equals, as parents are sorted.
Result<Place> main_parent(const CommitSource& source, const Place& of, WalkBudget& budget) {
  for (size_t i = 0; i < of.links.parent_count(); ++i) {
    auto parent = visit(source, of.links.parent(i), budget);
    if (!parent || parent->generation() + 1 == of.generation()) return parent;
  }
  return fail(Error::Kind::corrupt,
              "no parent of commit " + to_hex(of.ref.hash) + " has the generation below its own");
}

constexpr uint64_t jump_length(uint64_t generation) {
  return uint64_t{1} << std::countr_zero(generation);
}

// One step down that does not pass `generation`, which is below that of `from`.
Result<Place> step_down(const CommitSource& source, const Place& from, uint64_t generation,
                        WalkBudget& budget) {
  uint64_t length = std::min(jump_length(from.generation()), from.generation() - 1);
  if (length > 1 && from.links.jump() && from.generation() - length >= generation) {
    auto name = source.at(from.links.jump());
    if (!name) return pass_on(name);
    // A jump is a hint: it counts if it leads to the right generation, else the parents do.
    if (*name) {
      auto target = visit(source, **name, budget);
      if (!target) return target;
      if (target->generation() == from.generation() - length) return target;
    }
  }
  return main_parent(source, from, budget);
}

Result<Place> descend(const CommitSource& source, Place from, uint64_t generation,
                      WalkBudget& budget) {
  while (from.generation() > generation) {
    auto next = step_down(source, from, generation, budget);
    if (!next) return next;
    from = *next;
  }
  return from;
}

}  // namespace

std::unique_ptr<CommitSource> stored_commits(const ObjectStore& objects) {
  return std::make_unique<StoredCommits>(objects);
}

Result<std::optional<ObjectRef>> commit_at_address(const ObjectStore& objects, Address address) {
  auto found = objects.at(address);
  if (!found) return pass_on(found);
  if (!*found || (*found)->view.kind != ObjectKind::commit) return std::nullopt;
  return ObjectRef{(*found)->hash, address};
}

Result<Address> jump_for(const CommitSource& source, std::span<const ObjectRef> parents) {
  if (parents.empty()) return Address();
  std::optional<Place> highest;
  for (const ObjectRef& parent : parents) {
    auto read = place(source, parent);
    if (!read) return pass_on(read);
    if (!highest || read->generation() > highest->generation()) highest = *read;
  }
  uint64_t generation = highest->generation() + 1;
  uint64_t length = std::min(jump_length(generation), generation - 1);
  WalkBudget budget;
  auto target = descend(source, *highest, generation - length, budget);
  if (!target) return pass_on(target);
  return target->ref.address;
}

Result<std::vector<WalkedCommit>> merge_bases(const CommitSource& source, const ObjectRef& a,
                                              const ObjectRef& b, WalkBudget& budget) {
  constexpr uint32_t kA = 1, kB = 2, kStale = 4;
  CommitWalk walk(source, budget);
  walk.count_without(kStale);
  for (auto [ref, color] : {std::pair(&a, kA), std::pair(&b, kB)}) {
    if (auto met = walk.start(*ref, color); !met) return pass_on(met);
  }
  std::vector<WalkedCommit> bases;
  while (walk.queued_without() > 0) {
    uint32_t number = *walk.pop();
    uint32_t paint = walk.node(number).paint;
    // Reached from both sides and from no other base: a maximal one.  All below it is stale.
    if (paint == (kA | kB)) bases.push_back(walk.walked(number));
    if ((paint & (kA | kB)) == (kA | kB)) paint |= kStale;
    const CommitLinks links = walk.node(number).links;
    for (size_t i = 0; i < links.parent_count(); ++i) {
      if (auto met = walk.meet(links.parent(i), paint); !met) return pass_on(met);
    }
  }
  return bases;
}

Result<bool> is_ancestor(const CommitSource& source, const ObjectRef& ancestor,
                         const ObjectRef& commit, WalkBudget& budget) {
  auto target = source.resolve(ancestor), start = source.resolve(commit);
  if (!target) return pass_on(target);
  if (!start) return pass_on(start);
  if (*target == *start) return true;
  auto bottom = visit(source, *target, budget), top = visit(source, *start, budget);
  if (!bottom) return pass_on(bottom);
  if (!top) return pass_on(top);
  const uint64_t lowest = bottom->generation();
  if (top->generation() <= lowest) return false;
  // In a line, and often beside one, the jumps lead straight to it.
  auto below = descend(source, *top, lowest, budget);
  if (!below) return pass_on(below);
  if (below->ref == *target) return true;

  CommitWalk walk(source, budget);
  if (auto met = walk.meet(*start, 0); !met) return pass_on(met);
  while (auto number = walk.pop()) {
    const CommitWalk::Node& node = walk.node(*number);
    if (node.ref == *target) return true;
    if (node.generation <= lowest) continue;
    const CommitLinks links = node.links;
    for (size_t i = 0; i < links.parent_count(); ++i) {
      if (links.parent(i) == *target) return true;
      if (links.generation() == lowest + 1) continue;
      if (auto met = walk.meet(links.parent(i), 0); !met) return pass_on(met);
    }
  }
  return false;
}

Result<WalkedCommit> ancestor_at(const CommitSource& source, const ObjectRef& commit,
                                 uint64_t generation, WalkBudget& budget) {
  auto start = source.resolve(commit);
  if (!start) return pass_on(start);
  auto top = visit(source, *start, budget);
  if (!top) return pass_on(top);
  if (generation == 0 || generation > top->generation()) {
    return fail(Error::Kind::invalid, "commit " + to_hex(commit.hash) +
                                          " has no ancestor at generation " +
                                          std::to_string(generation));
  }
  auto found = descend(source, *top, generation, budget);
  if (!found) return pass_on(found);
  return WalkedCommit{unstaged(found->ref), found->generation()};
}

}  // namespace ukstore
