// Peers whose commits are well formed and hold what no writer makes: nothing is stored, the peer is
// cut with a typed error, and the node goes on serving others.

#include <ukstore/merge/layout.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/sync/errors.h>

#include "stored.h"
#include "two_replicas.h"

namespace ukstore::tests {
namespace {

Dot dot_of(uint64_t generation, uint64_t number) {
  ReplicaId id;
  id.bytes[0] = 9;
  return {generation, id, number};
}
Bytes dot(uint64_t generation, uint64_t number) {
  Bytes bytes;
  append_dot(bytes, dot_of(generation, number));
  return bytes;
}
Bytes header(uint64_t generation, uint64_t number) {
  return Bytes(1, '\1') + dot(generation, number);
}
Edit item(Kind kind, Bytes key, Bytes payload) {
  return Edit::put(std::move(key), static_cast<uint8_t>(kind), std::move(payload));
}
// A typed value at "p", as it lies in the tree.
Edit typed(Kind kind, Bytes header, std::vector<Edit> entries) {
  Edit edit = Edit::inside("p", {Edit::inside(value_key(kind), std::move(entries))});
  edit.payload = Edit::Part::set;
  edit.kind = static_cast<uint8_t>(kind);
  edit.new_payload = std::move(header);
  return edit;
}

// The states of a commit without parents and, if there is one, of a second on it.
struct Evil {
  const char* what;
  std::function<Tree(const Tree& empty)> first;
  std::function<Tree(const Tree& first)> second{};
  enum class Second { ordinary, merge } says = Second::ordinary;
};

Tree edited(const Tree& tree, std::vector<Edit> edits) { return must(tree.apply(edits)); }
Tree written(const Tree& tree, uint64_t generation, const WriteFunction& write) {
  ReplicaId id;
  id.bytes[0] = 8;
  Tx tx(State(tree), DotMint(generation, id, 1));
  write(tx);
  return must(tx.finish()).tree();
}
std::function<Tree(const Tree&)> edits(std::vector<Edit> list) {
  return [list = std::move(list)](const Tree& tree) { return edited(tree, list); };
}
std::function<Tree(const Tree&)> writes(uint64_t generation, WriteFunction write) {
  return [generation, write = std::move(write)](const Tree& tree) {
    return written(tree, generation, write);
  };
}
// A counter at "p" with one amount under a dot of generation 1.
Edit counter(uint64_t generation, Bytes amount) {
  return typed(Kind::counter, header(generation, 1),
               {item(Kind::counter, dot(1, 2), std::move(amount))});
}

std::vector<Evil> evil_forms() {
  const Edit no_entry =
      Edit::inside("p", {Edit::inside(value_key(Kind::flag), {item(Kind::flag, dot(1, 1), "")})});
  const auto set_of = [](std::vector<Edit> items) {
    return edits({typed(Kind::set, header(1, 1), std::move(items))});
  };
  return {
      {"a header that is none", edits({Edit::put("p", 1, Bytes("junk"))})},
      {"a kind that is none", edits({Edit::put("p", 9, header(1, 1))})},
      {"a step with a slash", edits({Edit::put("a/b", 17, header(1, 1))})},
      {"a value at the top", edits({item(Kind::file, value_key(Kind::counter), "x")})},
      {"a value without its entry", edits({no_entry})},
      {"an amount that is no number", edits({counter(1, "")})},
      {"an amount in a long form", edits({counter(1, Bytes("\x82\0", 2))})},
      {"a key that is no element", set_of({item(Kind::set, "x", dot(1, 2))})},
      {"an element without dots", set_of({item(Kind::set, "ex", "")})},
      {"a dot that is minted twice",
       set_of({item(Kind::set, "ex", dot(1, 2)), item(Kind::set, "ey", dot(1, 2))})},
  };
}

std::vector<Evil> evil_histories() {
  const auto honest = writes(1, [](Tx& tx) { tx.set("a", "v"); });
  return {
      {"a dot of a later generation", writes(7, [](Tx& tx) { tx.set("a", "v"); })},
      {"a dot of an earlier generation", honest,
       writes(1,
              [](Tx& tx) {
                tx.mint();
                tx.set("b", "w");
              })},
      {"a typed value that changes without a stamp", edits({counter(1, "\2")}),
       edits({Edit::inside("p", {Edit::inside(value_key(Kind::counter),
                                              {item(Kind::counter, dot(2, 1), "\2")})})})},
      {"what a dot wrote, changed", edits({counter(1, "\2")}), edits({counter(2, "\4")})},
      {"a merge that is none", honest, edits({Edit::remove("a")}), Evil::Second::merge},
  };
}

std::vector<Evil> evils() {
  std::vector<Evil> all = evil_forms();
  for (Evil& evil : evil_histories()) all.push_back(std::move(evil));
  return all;
}

ObjectRef commit(Repo& repo, const Tree& tree, std::vector<ObjectRef> parents,
                 Evil::Second says = Evil::Second::ordinary) {
  ObjectRef made;
  must(repo.store().transact([&](Transaction& transaction) -> Result<void> {
    auto stored = transaction.make_commit(
        {.tree = tree, .parents = parents, .canonical_merge = says == Evil::Second::merge});
    if (!stored) return pass_on(stored);
    made = stored->ref;
    auto now = transaction.head(RefKind::branch, "main");
    if (!now) return pass_on(now);
    return transaction.compare_and_set(RefKind::branch, "main", *now,
                                       Head{made, ObjectKind::commit});
  }));
  return made;
}

// Makes `main` of a store hold it.
void plant(Repo& repo, const Evil& evil) {
  const Tree first = evil.first(Tree(repo.store().objects()));
  const ObjectRef root = commit(repo, first, {});
  if (!evil.second) return;
  if (evil.says == Evil::Second::ordinary) {
    commit(repo, evil.second(first), {root});
    return;
  }
  ObjectRef ours = commit(repo, written(first, 2, [](Tx& tx) { tx.set("s", "1"); }), {root});
  ObjectRef theirs = commit(repo, written(first, 2, [](Tx& tx) { tx.set("t", "1"); }), {root});
  commit(repo, evil.second(first), {ours, theirs}, evil.says);
}

TEST(EvilStates, PulledOnesAreRefusedAndNothingIsStored) {
  for (const Evil& evil : evils()) {
    SCOPED_TRACE(evil.what);
    TwoReplicas two;
    must(two.a->branch("main").set("mine", "1"));
    plant(*two.b, evil);
    const Stored before = stored_in(*two.a);
    try {
      two.pull_once();
      ADD_FAILURE() << "it landed";
    } catch (const kj::Exception& exception) {
      EXPECT_EQ(error_of(exception).kind, Error::Kind::corrupt) << error_of(exception).message;
    }
    EXPECT_TRUE(stored_in(*two.a) == before);
    // The node lives.
    must(two.a->branch("main").set("mine", "2"));
  }
}

TEST(EvilStates, APusherOfThemIsCutAndNothingIsStored) {
  for (const Evil& evil : evils()) {
    SCOPED_TRACE(evil.what);
    TwoReplicas two;
    must(two.b->branch("main").set("mine", "1"));
    plant(*two.a, evil);
    const Stored before = stored_in(*two.b);
    Pusher pusher(*two.a, two.connection->session(), "main", std::make_shared<PeerHas>());
    EXPECT_ANY_THROW(pusher.push().wait(two.scope));
    try {
      two.serving.wait(two.scope);
      ADD_FAILURE() << "it was not cut";
    } catch (const kj::Exception& exception) {
      EXPECT_EQ(error_of(exception).kind, Error::Kind::corrupt) << error_of(exception).message;
    }
    EXPECT_TRUE(stored_in(*two.b) == before);
    two.connect();
    auto honest = memory_repo(3);
    EXPECT_EQ(pull(*honest, two.connection->session(), {.remote = "b", .merge_into = "main"})
                  .wait(two.scope)
                  .how,
              Pulled::How::received);
  }
}

// The check is what finds them: without it each would land.
TEST(EvilStates, WithoutTheCheckTheyLand) {
  size_t landed = 0;
  for (const Evil& evil : evils()) {
    TwoReplicas two;
    plant(*two.b, evil);
    PullPlan plan{.remote = "b", .merge_into = "main"};
    plan.intake.check = [](const CommitSource&, const ObjectRef&, const TypeRegistry&) {
      return Result<void>();
    };
    try {
      pull(*two.a, two.connection->session(), plan).wait(two.scope);
      ++landed;
    } catch (const kj::Exception&) {  // a merge is always made again
    }
  }
  EXPECT_GE(landed, evils().size() - 1);
}

}  // namespace
}  // namespace ukstore::tests
