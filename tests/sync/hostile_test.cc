// Peers that send what no honest peer sends: nothing is stored, the peer is cut, the node lives.

#include <ukstore/store/check.h>
#include <ukstore/store/node.h>
#include <ukstore/sync/errors.h>
#include <ukstore/tests/counts.h>

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

// All refs and their heads.
std::vector<std::pair<Bytes, Hash>> heads_of(Repo& repo) {
  std::vector<std::pair<Bytes, Hash>> heads;
  for (const auto& [name, head] : must(repo.store().refs(RefKind::branch))) {
    heads.emplace_back(name, head.ref.hash);
  }
  return heads;
}

void expect_whole(Repo& repo) {
  auto report =
      must(check_store(repo.store().objects().backend(), {.depth = CheckOptions::Depth::deep}));
  for (const Problem& problem : report.problems) ADD_FAILURE() << problem.what;
}

// What an honest peer sends: a history with merges and a few kinds of edits.
Bytes honest_stream(Repo& repo, std::span<const Hash> haves = {}) {
  Outflow out(repo.store(), haves);
  must(out.plan({head_of(repo), {}}));
  Bytes bytes;
  while (must(out.append(bytes)) == More::yes) {
  }
  return bytes;
}

std::unique_ptr<Repo> example() {
  auto repo = memory_repo(1);
  Branch main = repo->branch("main");
  must(main.set("a/b", "1"));
  Branch side = must(main.fork("side"));
  must(main.set("a/c", Bytes(300, 'c')));
  must(side.set("a/d", "2"));
  must(side.transact([](Tx& tx) { tx.at<Counter>("n").add(5); }));
  must(main.merge(side));
  must(main.remove("a/b"));
  return repo;
}

// Takes a stream and lands it; what went wrong.
std::optional<Error> take(Repo& repo, const Bytes& stream) {
  Intake in(repo.store(), repo.types(), {.tracking = "remotes/peer/main", .merge_into = "main"});
  auto wanted = in.take(stream);
  if (!wanted) return wanted.error();
  if (*wanted || !in.published()) return Error{Error::Kind::corrupt, "it is not complete"};
  auto landed = in.land();
  if (!landed) return landed.error();
  return std::nullopt;
}

TEST(Hostile, AnyFlippedBitEndsInAnErrorOrInAWholeStore) {
  auto from = example();
  const Bytes stream = honest_stream(*from);
  std::mt19937_64 random(1);
  int refused = 0;
  const int flips = count(300, 50'000);
  for (int i = 0; i < flips; ++i) {
    auto to = memory_repo(2);
    must(to->branch("main").set("mine", "1"));
    const auto before = heads_of(*to);
    Bytes bad = stream;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    if (take(*to, bad)) {
      ++refused;
      EXPECT_EQ(heads_of(*to), before);
    }
    if (i % 50 == 0) expect_whole(*to);
  }
  // What is left are commits that the peer might as well have made: another message.
  EXPECT_GT(refused, flips * 9 / 10);
}

TEST(Hostile, AStreamCutAnywhereLandsNothing) {
  auto from = example();
  const Bytes stream = honest_stream(*from);
  auto to = memory_repo(2);
  for (size_t end = 0; end < stream.size(); ++end) {
    EXPECT_TRUE(take(*to, stream.substr(0, end))) << end;
  }
  EXPECT_TRUE(heads_of(*to).empty());
  EXPECT_FALSE(take(*to, stream));
}

// One commit without parents, forged at will.
struct Forged {
  CommitHeader header;
  Bytes edits;
  Bytes stream(const NameTable& names = {}) const {
    Bytes body;
    append_header(body, header, names);
    Bytes out;
    append_record(out, RecordType::whole, body + edits);
    Bytes name("\1", 1);
    append_record(out, RecordType::publish, name);
    return out;
  }
};

Forged forged(Repo& repo) {
  must(repo.branch("main").set("k", "v"));
  auto commit = must(repo.store().commit({head_of(repo), {}}));
  Forged one{.header = {commit.commit, {Base::From::edits_of_empty}}};
  must(EditWriter(Tree(repo.store().objects()), must(repo.store().tree(commit)))
           .append(one.edits, 100'000));
  return one;
}

TEST(Hostile, AWrongRootGenerationBaseOrParentIsRefused) {
  auto from = memory_repo(1);
  const Forged honest = forged(*from);
  auto to = memory_repo(2);
  auto refuses = [&](const Forged& forged, std::string_view why) {
    auto error = take(*to, forged.stream());
    ASSERT_TRUE(error) << why;
    EXPECT_EQ(error->kind, Error::Kind::corrupt);
    EXPECT_NE(error->message.find(why), Bytes::npos) << error->message;
    EXPECT_TRUE(heads_of(*to).empty());
  };
  Forged root = honest;
  root.header.commit.tree.hash.bytes[5] ^= 1;
  refuses(root, "another tree");
  Forged parent = honest;
  parent.header.commit.parents = {{Hash{{1}}, {}}};
  parent.header.commit.generation = 2;
  refuses(parent, "is not here");
  Forged edits = honest;
  edits.edits.back() ^= 1;
  refuses(edits, "another tree");
  // A generation that its own bytes forbid, and one that only the parents forbid.
  const Bytes bytes = honest.stream();
  Bytes generation = bytes;
  ASSERT_EQ(generation[3], 1);
  generation[3] = 2;
  EXPECT_TRUE(take(*to, generation));
  EXPECT_TRUE(heads_of(*to).empty());
  EXPECT_FALSE(take(*to, bytes));
}

TEST(Hostile, AGenerationThatIsNotOneAboveTheParentsIsRefused) {
  auto from = memory_repo(1);
  must(from->branch("main").set("k", "v"));
  must(from->branch("main").set("k", "w"));
  auto to = memory_repo(2);
  auto commit = must(from->store().commit({head_of(*from), {}}));
  const Hash parent = commit.commit.parents[0].hash;
  Bytes stream = honest_stream(*from);
  for (uint64_t generation : {3u, 4u, 1000u}) {
    Outflow first(from->store(), {});
    must(first.plan({parent, {}}));
    Bytes bytes;
    must(first.append(bytes));
    NameTable names;
    names.add(parent);
    Forged next{.header = {commit.commit, {Base::From::edits_of_parent}}};
    next.header.commit.generation = generation;
    auto error = take(*to, bytes + next.stream(names));
    ASSERT_TRUE(error);
    EXPECT_NE(error->message.find("generation"), Bytes::npos) << error->message;
  }
  EXPECT_TRUE(heads_of(*to).empty());
  EXPECT_FALSE(take(*to, stream));
}

// A commit of a branch that the peer was not told of is no ground to build on, though it is here.
TEST(Hostile, AGuessedNameOpensNothing) {
  auto from = memory_repo(1), to = memory_repo(2);
  must(to->branch("secret").set("password", "1234"));
  const Hash secret = head_of(*to, "secret");
  Bytes publish(1, '\0');
  publish += secret.view();
  Bytes stream;
  append_record(stream, RecordType::publish, publish);
  auto known = take(*to, stream);
  stream.back() ^= 1;
  auto unknown = take(*to, stream);
  ASSERT_TRUE(known && unknown);
  EXPECT_EQ(known->kind, unknown->kind);
  EXPECT_FALSE(must(to->branch("main").head()));
}

// ---- Trees given as objects: each is checked before it counts.

TEST(Hostile, EvilTreesAreRefused) {
  auto to = memory_repo(2);
  auto refuses = [&](ObjectKind kind, const Bytes& bytes) {
    Intake in(to->store(), to->types(), Landing{});
    auto supplied = in.supply(kind, bytes, hash_object(kind, bytes));
    EXPECT_FALSE(supplied);
    EXPECT_FALSE(in.take({})) << "an error is for good";
  };
  auto leaf = [](std::initializer_list<BytesView> suffixes) {
    Bytes bytes{"\0\3", 2};
    append_le<uint16_t>(bytes, static_cast<uint16_t>(suffixes.size()));
    append_le<uint16_t>(bytes, 0);
    bytes += Bytes(2, '\0');
    append_le<uint16_t>(bytes, 1);
    append_le<uint16_t>(bytes, 2);
    for (BytesView suffix : suffixes) bytes += suffix;
    for (size_t i = 0; i < suffixes.size(); ++i) bytes += Bytes("\x11v", 2);
    return bytes;
  };
  EXPECT_TRUE(
      must(Intake(to->store(), to->types(), Landing{}).has(Tree(to->store().objects()).hash())) ||
      true);
  refuses(ObjectKind::leaf, leaf({"b", "a"}));
  refuses(ObjectKind::leaf, leaf({"a", "a"}));
  refuses(ObjectKind::leaf, Bytes(3, '\0'));
  refuses(ObjectKind::inner, Bytes(40, '\1'));
  refuses(ObjectKind::rope, Bytes(5000, '\xff'));
  refuses(ObjectKind::blob, Bytes(kBlobBytesMax + 1, 'x'));
  // An inner node or rope whose children have not come cannot stand for itself either.
  Intake in(to->store(), to->types(), Landing{});
  Bytes bytes = leaf({"a", "b"});
  EXPECT_TRUE(in.supply(ObjectKind::leaf, bytes, hash_object(ObjectKind::leaf, bytes)));
  EXPECT_FALSE(in.supply(ObjectKind::leaf, bytes, Hash{{1}})) << "other bytes than the name says";
}

// ---- Over RPC.

// A peer that answers a pull with the pieces it was given.
class ForgingReader final : public protocol::Reader::Server {
 public:
  explicit ForgingReader(Bytes stream) : stream_(std::move(stream)) {}

 protected:
  kj::Promise<void> pull(PullContext context) override {
    auto request = context.getParams().getSink().lastRequest();
    request.setBytes(to_data(stream_));
    return request.send().ignoreResult().then(
        [context]() mutable { context.getResults().setOutcome(protocol::Reader::Outcome::SENT); });
  }

 private:
  const Bytes stream_;
};

class ForgingSession final : public protocol::Session::Server {
 public:
  explicit ForgingSession(Bytes stream) : stream_(std::move(stream)) {}

 protected:
  kj::Promise<void> reader(ReaderContext context) override {
    context.getResults().setReader(kj::heap<ForgingReader>(stream_));
    return kj::READY_NOW;
  }

 private:
  const Bytes stream_;
};

TEST(Hostile, APullFromAForgerFailsAndStoresNothing) {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  auto from = memory_repo(1), to = memory_repo(2);
  Forged bad = forged(*from);
  bad.header.commit.tree.hash.bytes[0] ^= 1;
  protocol::Session::Client session = kj::heap<ForgingSession>(bad.stream());
  try {
    pull(*to, session, {.remote = "forger", .merge_into = "main"}).wait(scope);
    ADD_FAILURE() << "it landed";
  } catch (const kj::Exception& exception) {
    EXPECT_EQ(error_of(exception).kind, Error::Kind::corrupt);
  }
  EXPECT_TRUE(heads_of(*to).empty());
}

TEST(Hostile, AForgingPusherIsCutAndOthersAreServed) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "1"));
  const auto before = heads_of(*two.b);
  auto scratch = memory_repo(3);
  Forged bad = forged(*scratch);
  bad.header.commit.tree.hash.bytes[0] ^= 1;
  auto merger = two.connection->session().mergerRequest();
  merger.setBranch(to_data("main"));
  auto push = merger.send().getMerger().pushRequest();
  push.setObjects(serve_objects(scratch->store(), "main", std::make_shared<PeerHas>()));
  auto last = push.send().getSink().lastRequest();
  const Bytes stream = bad.stream();
  last.setBytes(to_data(stream));
  EXPECT_ANY_THROW(last.send().wait(two.scope));
  try {
    two.serving.wait(two.scope);
    ADD_FAILURE() << "it was not cut";
  } catch (const kj::Exception& exception) {
    EXPECT_EQ(error_of(exception).kind, Error::Kind::corrupt);
  }
  EXPECT_EQ(heads_of(*two.b), before);
  two.connect();
  EXPECT_EQ(two.pull_once().how, Pulled::How::received);
}

TEST(Hostile, ALongMessageIsRefusedBeforeItIsMade) {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  // 64 MiB claimed, and 1 KiB that unpacks to 64 MiB of zeros.
  for (const Bytes& bytes : {Bytes("\xff\xff\xff\x1f", 4), "\x80\x10" + [] {
                               Bytes zeros;
                               for (int i = 0; i < 1024; ++i) zeros += Bytes("\0\xff", 2);
                               return zeros;
                             }()}) {
    auto pipe = kj::newTwoWayPipe();
    PackedStream stream(*pipe.ends[0]);
    auto reading = stream.tryReadMessage(nullptr, message_limits(), nullptr);
    auto writing =
        pipe.ends[1]->write(bytes.data(), bytes.size()).eagerlyEvaluate([](kj::Exception&&) {});
    EXPECT_ANY_THROW(reading.wait(scope));
  }
}

}  // namespace
}  // namespace ukstore::tests
