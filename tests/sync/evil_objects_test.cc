// Peers whose objects are not what their names say, or are trees that no tree is: nothing is
// stored, the peer is cut with a typed error, and the node lives.

#include <ukstore/store/links.h>
#include <ukstore/store/node.h>
#include <ukstore/sync/errors.h>
#include <ukstore/tests/counts.h>

#include <map>

#include "stored.h"
#include "two_replicas.h"

namespace ukstore::tests {
namespace {

// A type that the receiver does not know, so that a merge of it comes by its nodes.
struct Max {
  static constexpr Kind kind = Kind{200};
  static constexpr std::string_view name = "max";
  using State = Bytes;
  using Op = Bytes;
  static State initial() { return {}; }
  static State apply(const State& state, const Op& op, const Dot&) { return std::max(state, op); }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static Bytes encode(const State& state) { return state; }
  static Result<State> decode(BytesView bytes) { return Bytes(bytes); }
};

Bytes noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// A history with a long value, which comes by its chunks, and a merge that comes by its nodes.
std::unique_ptr<Repo> example() {
  TypeRegistry types;
  types.add<Max>();
  auto repo = memory_repo(1, std::move(types));
  Branch main = repo->branch("main");
  must(main.transact([](Tx& tx) {
    tx.at<User<Max>>("high").apply("1");
    for (int i = 0; i < 300; ++i) tx.set("k" + std::to_string(i), noise(40, i));
    tx.set("long", noise(400'000, 1));
  }));
  Branch side = must(main.fork("side"));
  must(main.transact([](Tx& tx) {
    tx.at<User<Max>>("high").apply("5");
    for (int i = 0; i < 300; i += 3) tx.set("k" + std::to_string(i), noise(41, i));
  }));
  must(side.transact([](Tx& tx) {
    tx.at<User<Max>>("high").apply("7");
    for (int i = 1; i < 300; i += 3) tx.set("k" + std::to_string(i), noise(41, i));
  }));
  must(main.merge(side));
  return repo;
}

// What a peer answers for a place.
using Answer = std::function<std::vector<Bytes>(const ObjectPlace&, std::span<const uint32_t>)>;

class EvilReader final : public protocol::Reader::Server {
 public:
  EvilReader(Bytes stream, Answer& answer) : stream_(std::move(stream)), answer_(answer) {}

 protected:
  kj::Promise<void> pull(PullContext context) override {
    auto request = context.getParams().getSink().lastRequest();
    request.setBytes(to_data(stream_));
    return request.send().ignoreResult().then(
        [context]() mutable { context.getResults().setOutcome(protocol::Reader::Outcome::SENT); });
  }
  kj::Promise<void> get(GetContext context) override {
    auto asked = context.getParams().getPlace();
    ObjectPlace place{.commit = to_hash(asked.getCommit()), .path = {}, .links = {}};
    for (auto key : asked.getPath()) place.path.emplace_back(to_bytes(key));
    for (uint32_t link : asked.getLinks()) place.links.push_back(link);
    std::vector<uint32_t> wanted;
    for (uint32_t number : context.getParams().getWanted()) wanted.push_back(number);
    std::vector<Bytes> objects = answer_(place, wanted);
    auto results = context.getResults().initObjects(objects.size());
    for (size_t i = 0; i < objects.size(); ++i) results.set(i, to_data(objects[i]));
    return kj::READY_NOW;
  }

 private:
  const Bytes stream_;
  Answer& answer_;
};

class EvilSession final : public protocol::Session::Server {
 public:
  EvilSession(Bytes stream, Answer& answer) : stream_(std::move(stream)), answer_(answer) {}

 protected:
  kj::Promise<void> reader(ReaderContext context) override {
    context.getResults().setReader(kj::heap<EvilReader>(stream_, answer_));
    return kj::READY_NOW;
  }

 private:
  const Bytes stream_;
  Answer& answer_;
};

// The node under attack; it knows one branch of its own.
struct Victim {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  std::unique_ptr<Repo> repo = memory_repo(2);
  Stored before;
  Victim() {
    must(repo->branch("main").set("mine", "1"));
    before = stored_in(*repo);
  }
  // What the pull ends with; nullopt if it lands.
  std::optional<Error> attack(const Bytes& stream, Answer answer) {
    protocol::Session::Client session = kj::heap<EvilSession>(stream, answer);
    try {
      pull(*repo, session, {.remote = "evil", .merge_into = "main"}).wait(scope);
      return std::nullopt;
    } catch (const kj::Exception& exception) {
      return error_of(exception);
    }
  }
  void expect_refused(const Bytes& stream, Answer answer, Error::Kind kind) {
    auto error = attack(stream, std::move(answer));
    ASSERT_TRUE(error) << "it landed";
    EXPECT_EQ(error->kind, kind) << error->message;
    EXPECT_TRUE(stored_in(*repo) == before) << "something is stored";
    EXPECT_EQ(must(repo->branch("main").get("mine")), "1");
  }
};

Bytes stream_of(Repo& repo) {
  Outflow out(repo.store(), {});
  must(out.plan({head_of(repo), {}}));
  Bytes bytes;
  while (must(out.append(bytes)) == More::yes) {
  }
  return bytes;
}

TEST(EvilObjects, OneFlippedBitInAnyObjectThatIsAskedForIsRefused) {
  auto from = example();
  const Bytes stream = stream_of(*from);
  const Scope scope{{"main"}, {}};
  uint64_t served = 0;
  auto honest = [&](const ObjectPlace& place, std::span<const uint32_t> wanted) {
    auto objects = must(objects_at(from->store(), scope, place, wanted, 1 << 18));
    served += objects.size();
    return objects;
  };
  // By the order in which they are asked for; of one that comes twice only one copy is looked at.
  std::map<Bytes, std::vector<uint64_t>> at;
  {
    Victim clean;
    auto noted = [&](const ObjectPlace& place, std::span<const uint32_t> wanted) {
      const uint64_t first = served;
      auto answer = honest(place, wanted);
      for (size_t i = 0; i < answer.size(); ++i) at[answer[i]].push_back(first + i);
      return answer;
    };
    ASSERT_FALSE(clean.attack(stream, noted)) << "an honest peer's history lands";
  }
  std::vector<uint64_t> single;
  for (const auto& [bytes, places] : at) {
    if (places.size() == 1) single.push_back(places.front());
  }
  ASSERT_GT(single.size(), 20u);
  Victim victim;
  std::mt19937_64 random(1);
  const int flips = count(300, 10'000);
  for (int i = 0; i < flips; ++i) {
    served = 0;
    const uint64_t target = single[random() % single.size()];
    victim.expect_refused(
        stream,
        [&](const ObjectPlace& place, std::span<const uint32_t> wanted) {
          const uint64_t first = served;
          auto answer = honest(place, wanted);
          if (first <= target && target < served) {
            Bytes& bad = answer[target - first];
            bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
          }
          return answer;
        },
        Error::Kind::corrupt);
    if (testing::Test::HasFailure()) FAIL() << "flip " << i << " of object " << target;
  }
}

// 10,000 objects, each with one bit flipped, at the door itself.
TEST(EvilObjects, OneFlippedBitInTenThousandObjectsIsRefusedEachTime) {
  auto from = example();
  std::vector<std::pair<ObjectKind, Bytes>> objects;
  std::function<void(const ObjectRef&)> collect = [&](const ObjectRef& ref) {
    auto view = must(from->store().objects().load(ref));
    objects.emplace_back(view.kind, Bytes(view.bytes));
    visit_links(view, [&](const Link& link) { collect(link.ref); });
  };
  collect({head_of(*from), {}});
  auto to = memory_repo(2);
  const Stored before = stored_in(*to);
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const auto& [kind, bytes] = objects[static_cast<size_t>(i) % objects.size()];
    Bytes bad = bytes;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    Intake in(to->store(), to->types(), {.tracking = "remotes/evil/main"});
    auto supplied = in.supply(kind, bad, hash_object(kind, bytes));
    ASSERT_FALSE(supplied) << i;
    ASSERT_EQ(supplied.error().kind, Error::Kind::corrupt);
    ASSERT_FALSE(in.take({})) << "an error is for good";
  }
  EXPECT_TRUE(stored_in(*to) == before);
}

// ---- Trees that are none, under names that fit them.

Bytes leaf(std::initializer_list<BytesView> keys) {
  Bytes bytes{"\0\3", 2};
  append_le<uint16_t>(bytes, static_cast<uint16_t>(keys.size()));
  append_le<uint16_t>(bytes, 0);
  bytes += Bytes(2, '\0');
  append_le<uint16_t>(bytes, 1);
  append_le<uint16_t>(bytes, 2);
  for (BytesView key : keys) bytes += key;
  for (size_t i = 0; i < keys.size(); ++i) bytes += Bytes("\x11v", 2);
  return bytes;
}

// `count` children, all under that name, with keys of two bytes.
Bytes inner(uint16_t count, const Hash& child) {
  Bytes bytes{"\1\1", 2};
  append_le<uint16_t>(bytes, count);
  append_le<uint16_t>(bytes, 0);
  bytes += Bytes("\1\1", 2);
  append_le<uint16_t>(bytes, 2);
  for (uint32_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>(i >> 8));
    bytes.push_back(static_cast<char>(i));
  }
  for (uint32_t i = 0; i < count; ++i) bytes += child.view();
  return bytes + Bytes(2 * size_t{count}, '\1');
}

// A commit whose root is asked for.
Bytes stream_for(const Hash& root) {
  Commit commit;
  commit.generation = 1;
  commit.tree.hash = root;
  Bytes body, stream;
  append_header(body, {commit, {Base::From::objects}}, {});
  append_record(stream, RecordType::whole, body);
  append_record(stream, RecordType::publish, Bytes(1, '\1'));
  return stream;
}

void expect_root_refused(ObjectKind kind, const Bytes& root) {
  Victim victim;
  uint64_t asked = 0;
  victim.expect_refused(
      stream_for(hash_object(kind, root)),
      [&](const ObjectPlace&, std::span<const uint32_t> wanted) {
        asked += std::max<size_t>(1, wanted.size());
        return std::vector<Bytes>(std::max<size_t>(1, wanted.size()), root);
      },
      Error::Kind::corrupt);
  EXPECT_LE(asked, 65u) << "it was asked for more and more";
}

TEST(EvilTrees, ATreeThatIsMadeWellIsAccepted) {
  Victim victim;
  const Bytes empty(8, '\0');
  EXPECT_FALSE(victim.attack(
      stream_for(hash_object(ObjectKind::leaf, empty)),
      [&](const ObjectPlace&, std::span<const uint32_t>) { return std::vector<Bytes>{empty}; }));
}
TEST(EvilTrees, KeysOutOfOrderAreRefused) {
  expect_root_refused(ObjectKind::leaf, leaf({"b", "a"}));
}
TEST(EvilTrees, AKeyThatStandsTwiceIsRefused) {
  expect_root_refused(ObjectKind::leaf, leaf({"a", "a"}));
}
// No object can name itself, so a peer that wants a cycle gives the same node again and again.
TEST(EvilTrees, ACycleIsRefused) { expect_root_refused(ObjectKind::inner, inner(2, Hash{{7}})); }
TEST(EvilTrees, AHugeFanOutIsRefused) {
  expect_root_refused(ObjectKind::inner, inner(20'000, Hash{{7}}));
  expect_root_refused(ObjectKind::inner, inner(500, Hash{{7}}));
}

}  // namespace
}  // namespace ukstore::tests
