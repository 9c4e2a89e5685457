// What a peer may do over a connection: every role with every call, and that a right which is
// revoked ends at once.

#include <ukstore/sync/errors.h>

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

const Bytes kPeer(64, 'a'), kThird(64, 'c');

// A replica whose list of rights decides, and a peer that dials it.
struct Guarded {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  std::unique_ptr<Repo> repo = memory_repo(2), peers = memory_repo(1);
  Rights rights{*repo};
  Host host;
  kj::Own<Connection> connection;
  kj::Promise<void> serving = nullptr;

  explicit Guarded(std::optional<Right> role, BytesView branch = "main")
      : host(*repo, guarded_by(rights, {.store_id = Bytes(16, 2), .right = {}})) {
    must(repo->branch("main").set("x", "1"));
    must(repo->branch("secret").set("password", "1234"));
    if (role == Right::none) must(rights.grant({kPeer, Right::admin, "elsewhere"}));
    if (role && *role != Right::none) must(rights.grant({kPeer, *role, Bytes(branch)}));
    connect();
  }
  ~Guarded() {
    connection = nullptr;
    serving = nullptr;
    scope.poll();
  }
  void connect() {
    connection = nullptr;
    auto pipe = kj::newTwoWayPipe();
    serving =
        kj::Promise<void>(serve(host, kj::mv(pipe.ends[1]), {kPeer, "a"})).eagerlyEvaluate(nullptr);
    connection = kj::heap<Connection>(kj::mv(pipe.ends[0]), Bytes(16, 1));
  }
  protocol::Session::Client& session() { return connection->session(); }

  template <class Promise>
  std::string outcome(Promise promise) {
    try {
      promise.wait(scope);
      return "ok";
    } catch (const kj::Exception& exception) {
      return std::string(name(error_of(exception).kind));
    }
  }
  // The capabilities of a branch, whoever may have them; calls are sent along with asking for them.
  protocol::Reader::Client reader(BytesView branch = "main") {
    auto request = session().readerRequest();
    request.setBranch(to_data(branch));
    return request.send().getReader();
  }
  protocol::Merger::Client merger(BytesView branch = "main") {
    auto request = session().mergerRequest();
    request.setBranch(to_data(branch));
    return request.send().getMerger();
  }
  protocol::Writer::Client writer(BytesView branch = "main") {
    auto request = session().writerRequest();
    request.setBranch(to_data(branch));
    return request.send().getWriter();
  }
  protocol::Admin::Client admin(BytesView branch = "main") {
    auto request = session().adminRequest();
    request.setBranch(to_data(branch));
    return request.send().getAdmin();
  }
};

// ---- The calls.

struct Call {
  const char* name;
  Right least;
  std::function<std::string(Guarded&)> run;
};

template <class Client>
std::string find(Guarded& at, Client client) {
  auto request = client.findRequest();
  request.initCommits(1).set(0, to_data(head_of(*at.repo).view()));
  return at.outcome(request.send());
}
template <class Client>
std::string push(Guarded& at, Client client) {
  auto request = client.pushRequest();
  request.setObjects(serve_objects(at.peers->store(), "main", std::make_shared<PeerHas>()));
  return at.outcome(request.send());
}
template <class Client>
std::string grant(Guarded& at, Client client) {
  auto request = client.grantRequest();
  auto right = request.initRight();
  right.setFingerprint(to_data(kThird));
  right.setLevel(protocol::Admin::Level::READ);
  return at.outcome(request.send());
}
std::string get(Guarded& at) {
  auto request = at.reader().getRequest();
  request.initPlace().setCommit(to_data(head_of(*at.repo).view()));
  return at.outcome(request.send());
}
std::string pull_all(Guarded& at) {
  return at.outcome(
      kj::Promise<Pulled>(pull(*at.peers, at.session(), {.remote = "b", .merge_into = "main"})));
}
std::string replace(Guarded& at) {
  const Hash head = head_of(*at.repo);
  auto request = at.writer().replaceRequest();
  request.setExpected(to_data(head.view()));
  request.setNext(to_data(head.view()));
  return at.outcome(request.send());
}
std::string revoke(Guarded& at) {
  auto request = at.admin().revokeRequest();
  auto right = request.initRight();
  right.setFingerprint(to_data(kThird));
  right.setLevel(protocol::Admin::Level::READ);
  return at.outcome(request.send());
}

std::vector<Call> calls() {
  return {
      {"reader", Right::read, [](Guarded& at) { return at.outcome(at.reader().whenResolved()); }},
      {"reader.head", Right::read,
       [](Guarded& at) { return at.outcome(at.reader().headRequest().send()); }},
      {"reader.find", Right::read, [](Guarded& at) { return find(at, at.reader()); }},
      {"reader.get", Right::read, get},
      {"reader.pull", Right::read, pull_all},
      {"merger", Right::merge, [](Guarded& at) { return at.outcome(at.merger().whenResolved()); }},
      {"merger.head", Right::merge,
       [](Guarded& at) { return at.outcome(at.merger().headRequest().send()); }},
      {"merger.find", Right::merge, [](Guarded& at) { return find(at, at.merger()); }},
      {"merger.push", Right::merge, [](Guarded& at) { return push(at, at.merger()); }},
      {"writer", Right::write, [](Guarded& at) { return at.outcome(at.writer().whenResolved()); }},
      {"writer.head", Right::write,
       [](Guarded& at) { return at.outcome(at.writer().headRequest().send()); }},
      {"writer.find", Right::write, [](Guarded& at) { return find(at, at.writer()); }},
      {"writer.push", Right::write, [](Guarded& at) { return push(at, at.writer()); }},
      {"writer.replace", Right::write, replace},
      {"admin", Right::admin, [](Guarded& at) { return at.outcome(at.admin().whenResolved()); }},
      {"admin.head", Right::admin,
       [](Guarded& at) { return at.outcome(at.admin().headRequest().send()); }},
      {"admin.rights", Right::admin,
       [](Guarded& at) { return at.outcome(at.admin().rightsRequest().send()); }},
      {"admin.grant", Right::admin, [](Guarded& at) { return grant(at, at.admin()); }},
      {"admin.revoke", Right::admin, revoke},
  };
}

TEST(Roles, EveryRoleWithEveryCall) {
  for (Right role : {Right::none, Right::read, Right::merge, Right::write, Right::admin}) {
    for (const Call& call : calls()) {
      Guarded at(role);
      EXPECT_EQ(call.run(at), role >= call.least ? "ok" : "not_found")
          << name(role) << " calls " << call.name;
    }
  }
}

TEST(Roles, WhomNoGrantNamesIsRefusedAndNothingItCallsWorks) {
  for (const Call& call : calls()) {
    Guarded at(std::nullopt);
    EXPECT_NE(call.run(at), "ok") << call.name;
    EXPECT_EQ(at.outcome(at.connection->welcomed()), "read_only");
    EXPECT_FALSE(must(at.peers->branch("main").head()));
  }
}

// The bootstrap object is no session, reader or anything else, whatever it is called.
TEST(Roles, TheBootstrapObjectCanNothingButLogIn) {
  Guarded at(Right::admin);
  auto door = at.host.door({kPeer, "a"}, {});
  EXPECT_EQ(at.outcome(door.castAs<protocol::Session>().headsRequest().send()), "io");
  EXPECT_EQ(at.outcome(door.castAs<protocol::Reader>().headRequest().send()), "io");
  EXPECT_EQ(at.outcome(door.castAs<protocol::Admin>().rightsRequest().send()), "io");
}

TEST(Roles, HeadsListsWhatMayBeReadAndNothingElse) {
  Guarded at(Right::read);
  auto response = at.session().headsRequest().send().wait(at.scope);
  ASSERT_EQ(response.getHeads().size(), 1u);
  EXPECT_EQ(to_bytes(response.getHeads()[0].getBranch()), "main");
}

// Whoever guesses a name of a branch or the hash of a commit learns nothing of what it may not
// read.
TEST(Roles, AGuessedNameOrHashGivesNotFound) {
  Guarded at(Right::admin);
  const Hash secret = head_of(*at.repo, "secret");
  auto message = [&](BytesView branch) {
    try {
      at.reader(branch).headRequest().send().wait(at.scope);
      return std::string("ok");
    } catch (const kj::Exception& exception) {
      std::string text(exception.getDescription().cStr());
      const size_t at_name = text.find(branch);
      return at_name == std::string::npos ? text : text.erase(at_name, branch.size());
    }
  };
  EXPECT_EQ(message("secret"), message("nosuch")) << "the words tell that there is one";
  auto get = at.reader().getRequest();
  get.initPlace().setCommit(to_data(secret.view()));
  EXPECT_EQ(at.outcome(get.send()), "not_found");
  auto find = at.reader().findRequest();
  find.initCommits(1).set(0, to_data(secret.view()));
  EXPECT_FALSE(find.send().wait(at.scope).getKnown()[0]);
  auto replace = at.writer().replaceRequest();
  replace.setExpected(to_data(head_of(*at.repo).view()));
  replace.setNext(to_data(secret.view()));
  EXPECT_EQ(at.outcome(replace.send()), "not_found");
  auto push = at.merger().pushRequest();
  push.initHaves(1).set(0, to_data(secret.view()));
  push.setObjects(serve_objects(at.peers->store(), "main", std::make_shared<PeerHas>()));
  EXPECT_EQ(at.outcome(push.send()), "moved") << "as for a commit that is nowhere";
}

TEST(Roles, AWriterMovesTheHeadBackAndDropsTheBranch) {
  Guarded at(Right::write);
  const Hash first = head_of(*at.repo);
  must(at.repo->branch("main").set("x", "2"));
  const Hash second = head_of(*at.repo);
  auto move = [&](BytesView expected, BytesView next) {
    auto request = at.writer().replaceRequest();
    request.setExpected(to_data(expected));
    request.setNext(to_data(next));
    return at.outcome(request.send());
  };
  EXPECT_EQ(move(first.view(), second.view()), "moved");
  EXPECT_EQ(move(second.view(), first.view()), "ok");
  EXPECT_EQ(head_of(*at.repo), first);
  EXPECT_EQ(move(first.view(), {}), "ok");
  EXPECT_FALSE(must(at.repo->branch("main").head()));
}

TEST(Roles, AnAdminGrantsAndRevokesForThatBranchAlone) {
  Guarded at(Right::admin);
  ASSERT_EQ(grant(at, at.admin()), "ok");
  EXPECT_EQ(must(at.rights.of(kThird, "main")), Right::read);
  EXPECT_EQ(must(at.rights.of(kThird, "secret")), Right::none);
  EXPECT_EQ(at.admin().rightsRequest().send().wait(at.scope).getRights().size(), 2u);
  ASSERT_EQ(revoke(at), "ok");
  EXPECT_EQ(must(at.rights.of(kThird, "main")), Right::none);
}

// ---- Revoking.

TEST(Revoking, EndsEveryCapabilityOfTheBranch) {
  Guarded at(Right::admin);
  auto reader = at.reader();
  auto merger = at.merger();
  auto writer = at.writer();
  auto admin = at.admin();
  ASSERT_EQ(at.outcome(reader.headRequest().send()), "ok");
  must(at.rights.revoke({kPeer, Right::read, "main"}));
  must(at.rights.grant({kPeer, Right::read, "elsewhere"}));
  EXPECT_EQ(at.outcome(reader.headRequest().send()), "not_found");
  EXPECT_EQ(at.outcome(merger.headRequest().send()), "not_found");
  EXPECT_EQ(at.outcome(writer.headRequest().send()), "not_found");
  EXPECT_EQ(at.outcome(admin.rightsRequest().send()), "not_found");
}

// A sink that takes what comes and never says that it has.
class SlowSink final : public protocol::Sink::Server {
 public:
  explicit SlowSink(uint64_t& pieces) : pieces_(pieces) {}
  kj::Promise<void> piece(PieceContext) override {
    ++pieces_;
    return kj::NEVER_DONE;
  }
  kj::Promise<void> last(LastContext) override { return kj::NEVER_DONE; }

 private:
  uint64_t& pieces_;
};

// The clock stands still: not a millisecond passes between the revocation and the cut.
void expect_cut_at_once(bool follows) {
  Guarded at(Right::read);
  std::mt19937_64 random(1);
  for (int i = 0; i < 40; ++i) {
    Bytes noise(60'000, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    must(at.repo->branch("main").set("k" + std::to_string(i), noise));
  }
  uint64_t pieces = 0;
  auto request = at.reader().pullRequest();
  request.setSink(kj::heap<SlowSink>(pieces));
  request.setFollow(follows);
  std::optional<Error> ended;
  auto pulling = request.send()
                     .then([&](auto&&) { ended = Error{}; },
                           [&](kj::Exception&& exception) { ended = error_of(exception); })
                     .eagerlyEvaluate(nullptr);
  at.scope.poll();
  ASSERT_GT(pieces, 0u) << "it runs";
  ASSERT_FALSE(ended);
  must(at.rights.revoke({kPeer, Right::read, "main"}));
  at.scope.poll();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->kind, Error::Kind::not_found) << ended->message;
}
TEST(Revoking, CutsARunningPullWithoutDelay) { expect_cut_at_once(false); }
TEST(Revoking, CutsAFollowerWithoutDelay) { expect_cut_at_once(true); }

TEST(Revoking, LandsNothingOfARunningPush) {
  Guarded at(Right::merge);
  must(at.peers->branch("main").set("theirs", "1"));
  Outflow out(at.peers->store(), {});
  must(out.plan({head_of(*at.peers), {}}));
  Bytes stream;
  must(out.append(stream));
  auto push = at.merger().pushRequest();
  push.setObjects(serve_objects(at.peers->store(), "main", std::make_shared<PeerHas>()));
  auto sink = push.send().wait(at.scope).getSink();
  must(at.rights.revoke({kPeer, Right::merge, "main"}));
  must(at.rights.grant({kPeer, Right::read, "main"}));
  auto last = sink.lastRequest();
  last.setBytes(to_data(stream));
  EXPECT_EQ(at.outcome(last.send()), "not_found");
  EXPECT_FALSE(must(at.repo->branch("main").get("theirs")));
  // It may still read.
  EXPECT_EQ(pull_all(at), "ok");
}

// Rights that are kept elsewhere than in the list: whoever changes them says so.
TEST(Revoking, OfRightsOfAnotherKindTakesACall) {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  auto repo = memory_repo(2);
  must(repo->branch("main").set("x", "1"));
  Right right = Right::read;
  Host host(*repo,
            {.store_id = Bytes(16, 2), .right = [&](const Peer&, BytesView) { return right; }});
  auto pipe = kj::newTwoWayPipe();
  auto serving =
      kj::Promise<void>(serve(host, kj::mv(pipe.ends[1]), {.name = "a"})).eagerlyEvaluate(nullptr);
  Connection connection(kj::mv(pipe.ends[0]), Bytes(16, 1));
  auto a = memory_repo(1);
  bool ended = false;
  auto following = kj::Promise<void>(follow(*a, connection.session(), {.remote = "b"},
                                            std::make_shared<PeerHas>(), [](const Landed&) {}))
                       .then([] {}, [&](kj::Exception&&) { ended = true; })
                       .eagerlyEvaluate(nullptr);
  scope.poll();
  ASSERT_FALSE(ended);
  right = Right::none;
  host.rights_changed();
  scope.poll();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace ukstore::tests
