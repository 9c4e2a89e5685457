// Foreign commits: a small history whose states are what writers make, damaged where the input says
// so, with generations, replica ids, parents and marks of its choice.  Checking never crashes, and
// what it accepts keeps the law: heads merge to one state whichever is ours, that state passes
// again, and a state that is written anew from what it holds has the same name.
#include <ukstore/merge/foreign.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>
#include <ukstore/tests/fuzz/input.h>
#include <ukstore/tests/merge/foreign_world.h>

#include <algorithm>

using namespace ukstore;
using fuzz::Input;
using tests::Damage;
using tests::Max;
using tests::NoGraph;
using tests::sure;

namespace {

void must(bool holds) {
  if (!holds) abort();
}

void write_some(Tx& tx, Input& in) {
  static constexpr BytesView kPaths[] = {"a", "a/b", "c", "d"};
  for (int n = 1 + in.byte() % 4; n > 0; --n) {
    uint8_t what = in.byte(), value = in.byte();
    BytesView path = kPaths[value % 4];
    Bytes bytes(value / 4 % 3 * 20, static_cast<char>('0' + value % 8));
    switch (what % 12) {
      case 0:
        tx.set(path, bytes, value % 3 ? Kind::file : Kind::executable);
        break;
      case 1:
        tx.remove(path);
        break;
      case 2:
        tx.at<Counter>(path).add(value - 100);
        break;
      case 3:
        tx.at<Counter>(path).reset();
        break;
      case 4:
        tx.at<MultiValue<>>(path).write(bytes);
        break;
      case 5:
        tx.at<LastWriter<>>(path).write(bytes);
        break;
      case 6:
        value % 2 ? tx.at<Flag>(path).enable() : tx.at<Flag>(path).disable();
        break;
      case 7:
        tx.at<Set<>>(path).insert(bytes);
        break;
      case 8:
        tx.at<Set<>>(path).erase(bytes);
        break;
      case 9:
        tx.at<AppendLog<>>(path).append(bytes);
        break;
      case 10:
        tx.at<User<Max>>(path).apply(value);
        break;
      default:
        tx.at<Map<Counter>>(path).at("k").add(1);
    }
  }
}

class History {
 public:
  History() { types_.add<Max>(); }

  void grow(Input& in) {
    std::vector<ObjectRef> parents = choose_parents(in);
    uint8_t how = in.byte();
    bool canonical = how % 4 == 3;
    auto state = draft(in, parents, canonical);
    if (!state) return;
    Tree tree = state->tree();
    if (how % 8 >= 4) tree = Damage([&in] { return in.byte(); }, 4 + how / 8).of(tree);
    auto made = commit(tree, parents, canonical);
    if (!made) return;
    auto source = sure(store_->commits());
    MergeBudget budget{.steps_max = 20'000, .depth_max = 100};
    // With what is known of its history, and without.
    auto one = check_history(*source, std::span(&*made, 1), accepted_, types_, budget);
    auto whole = check_history(*source, std::span(&*made, 1), {}, types_, budget);
    must(one.has_value() == whole.has_value());
    if (one) accepted_.push_back(*made);
  }

  void check_law() {
    auto source = sure(store_->commits());
    StoreGraph graph(*source);
    for (const ObjectRef& ref : accepted_) {
      GraphCommit commit = sure(graph.commit(ref));
      State state(sure(graph.tree(commit)));
      check_alone(state);
      for (const ObjectRef& other : accepted_) {
        MergeEngine engine(graph, types_, {.steps_max = 100'000});
        auto one = engine.merge(commit, sure(graph.commit(other)));
        auto swapped = engine.merge(sure(graph.commit(other)), commit);
        must(one.has_value() == swapped.has_value());
        if (!one) {  // one dot for two writes, seen only here
          must(one.error().kind == Error::Kind::corrupt);
          continue;
        }
        must(*one == *swapped);
        sure(check_state(State(*one), types_));
        if (ref == other) must(*one == state.tree());
      }
    }
  }

 private:
  std::vector<ObjectRef> choose_parents(Input& in) {
    std::vector<ObjectRef> parents;
    for (int n = in.byte() % 3; n > 0 && !accepted_.empty(); --n) {
      const ObjectRef& parent = accepted_[in.byte() % accepted_.size()];
      if (std::ranges::find(parents, parent) == parents.end()) parents.push_back(parent);
    }
    return parents;
  }

  // What a writer makes of the merge of the parents, under a writer of the input's choice.
  Result<State> draft(Input& in, const std::vector<ObjectRef>& parents, bool canonical) {
    auto source = sure(store_->commits());
    StoreGraph graph(*source);
    uint64_t generation = 1;
    Tree merged(store_->objects());
    for (size_t i = 0; i < parents.size(); ++i) {
      GraphCommit parent = sure(graph.commit(parents[i]));
      generation = std::max(generation, parent.generation + 1);
      MergeEngine engine(graph, types_);
      auto tree =
          i == 0 ? graph.tree(parent) : engine.merge(sure(graph.commit(parents[i - 1])), parent);
      if (!tree) return pass_on(tree);
      merged = std::move(*tree);
    }
    if (canonical) return State(std::move(merged));
    uint8_t writer = in.byte();
    if (writer >= 240) ++generation;
    ReplicaId replica;
    replica.bytes[0] = writer % 4;
    Tx tx{State(std::move(merged)), DotMint(generation, replica, 1 + writer / 16)};
    write_some(tx, in);
    return tx.finish();
  }

  std::optional<ObjectRef> commit(const Tree& tree, const std::vector<ObjectRef>& parents,
                                  bool canonical) {
    ObjectRef made;
    auto body = [&](Transaction& transaction) -> Result<void> {
      auto stored =
          transaction.make_commit({.tree = tree, .parents = parents, .canonical_merge = canonical});
      if (!stored) return pass_on(stored);
      made = stored->ref;
      Bytes name = "c" + std::to_string(commits_++);
      return transaction.compare_and_set(RefKind::branch, name, std::nullopt,
                                         Head{made, ObjectKind::commit});
    };
    if (!store_->transact(body)) return std::nullopt;
    return made;
  }

  void check_alone(const State& state) {
    sure(check_state(state, types_));
    NoGraph none;
    const Tree& tree = state.tree();
    must(sure(MergeEngine(none, types_).merge_trees(tree, tree, tree)) == tree);
    must(Damage([] { return 0; }, 2).of(tree) == tree);  // the copy of a tree has its name
  }

  std::unique_ptr<Store> store_ = sure(Store::open(make_memory_backend()));
  TypeRegistry types_;
  std::vector<ObjectRef> accepted_;
  int commits_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 512) return 0;  // many short histories find more than a few long ones
  Input in(data, size);
  History history;
  for (int step = 0; step < 8 && !in.empty(); ++step) history.grow(in);
  history.check_law();
  return 0;
}
