#pragma once
// The whole state of a branch as a subject of the law kit: operations of all built-in types at
// nested paths, and their operational specification.
//
// The specification knows no merge.  Each operation adds marks (an entry at a path, an element, an
// amount, ...) and removes marks that it saw; a mark is live in a set of operations iff its own is
// in it and none of those that removed it.

#include <ukstore/merge/engine.h>
#include <ukstore/merge/laws.h>

namespace ukstore::tests {

struct PathOp {
  enum class Do : uint8_t {
    set_file,
    set_executable,
    remove,
    remove_all,
    create_map,
    add,
    reset,
    write_mv,
    write_lww,
    enable,
    disable,
    insert,
    erase,
    clear,
    append,
    count,  // of these
  } what{};
  uint8_t path = 0;   // of `paths()`
  uint8_t value = 0;  // an element, an amount, the content of a file
};

const std::vector<Bytes>& paths();

// Which operations a history is made of.
using Mix = std::vector<PathOp::Do>;
struct NamedMix {
  std::string name;
  Mix mix;
  uint8_t paths = 1;  // the first so many of `paths()`
};
// One for each type, and one of everything.
std::vector<NamedMix> mixes();

class PathSubject {
 public:
  using State = ukstore::State;
  using Op = PathOp;
  using View = std::string;

  PathSubject(const ObjectStore& objects, NamedMix mix) : objects_(objects), mix_(std::move(mix)) {}

  State initial() const { return State(Tree(objects_)); }
  State apply(const State& state, const Op& op, const Dot& dot) const;
  Result<State> merge(const State& base, const State& ours, const State& theirs) const;
  Bytes encode(const State& state) const;
  Result<State> decode(BytesView bytes) const;
  View view(const State& state) const;
  View spec(const laws::History<Op>& history) const;
  Op random_op(laws::Random& random) const;
  std::string print(const Op& op) const;
  std::vector<Op> small_ops() const;

  // Merges by the graph itself, as repositories do: the engine finds and joins the bases.
  template <class World>
  Result<State> merge_in(World& world, size_t ours, size_t theirs) const;

 private:
  const ObjectStore& objects_;
  NamedMix mix_;
};

// The kit's graph as the engine sees one.
template <class World>
class WorldGraph final : public MergeGraph {
 public:
  explicit WorldGraph(const World& world) : world_(world) {}
  static size_t index(const GraphCommit& commit) {
    return load_le<uint64_t>(reinterpret_cast<const char*>(commit.ref.hash.bytes.data()));
  }
  GraphCommit commit(size_t index) const {
    GraphCommit commit{.generation = world_.graph()[index].generation};
    store_le<uint64_t>(reinterpret_cast<char*>(commit.ref.hash.bytes.data()), index);
    return commit;
  }
  Result<Tree> tree(const GraphCommit& commit) const override {
    return world_.state(index(commit)).tree();
  }
  Result<std::vector<GraphCommit>> bases(const GraphCommit& a,
                                         const GraphCommit& b) const override {
    std::vector<GraphCommit> found;
    for (size_t base : world_.graph().bases({index(a)}, index(b))) found.push_back(commit(base));
    return found;
  }
  Result<bool> is_ancestor(const GraphCommit& ancestor, const GraphCommit& of) const override {
    return world_.graph()[index(of)].ancestors[index(ancestor)];
  }
  Result<bool> has_ordinary_beyond(const GraphCommit& a, const GraphCommit& b) const override {
    return world_.graph().has_ordinary_beyond(index(a), index(b));
  }

 private:
  const World& world_;
};

template <class World>
Result<State> PathSubject::merge_in(World& world, size_t ours, size_t theirs) const {
  WorldGraph<World> graph(world);
  TypeRegistry types;
  MergeEngine engine(graph, types);
  auto merged = engine.merge(graph.commit(ours), graph.commit(theirs));
  if (!merged) return pass_on(merged);
  return State(std::move(*merged));
}

}  // namespace ukstore::tests
