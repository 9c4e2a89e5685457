// What a peer may ask of a node, and how fast.

#include <ukstore/merge/layout.h>
#include <ukstore/sync/errors.h>
#include <ukstore/sync/listener.h>

#include <capnp/any.h>

#include "allocated.h"
#include "two_replicas.h"

namespace ukstore::tests {
namespace {

const Bytes kPeer(64, 'a');

// A host with a clock that the test moves, and peers that dial it.
struct Limited {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  std::unique_ptr<Repo> repo = memory_repo(2);
  uint64_t calls = 0;  // in which rights were asked for
  Host host;
  kj::Own<kj::AsyncIoStream> raw;
  kj::Own<Connection> connection;
  std::optional<Error> ended;
  kj::Promise<void> serving = nullptr;

  explicit Limited(GateLimits limits = {}) : host(*repo, options(limits)) {
    must(repo->branch("main").set("x", "1"));
  }
  ~Limited() {
    connection = nullptr;
    serving = nullptr;
    scope.poll();
  }
  HostOptions options(const GateLimits& limits) {
    HostOptions options = open_host(2);
    options.right = [this](const Peer&, BytesView) {
      ++calls;
      return Right::merge;
    };
    options.limits = limits;
    options.timer = &timer;
    options.others_every = 0 * kj::SECONDS;
    return options;
  }
  // The other end of what a peer holds.
  kj::Own<kj::AsyncIoStream> accept() {
    auto pipe = kj::newTwoWayPipe();
    ended.reset();
    serving = kj::Promise<void>(serve(host, kj::mv(pipe.ends[1]), {kPeer, "a"}))
                  .then([this] { ended = Error{Error::Kind::closed, ""}; },
                        [this](kj::Exception&& exception) { ended = error_of(exception); })
                  .eagerlyEvaluate(nullptr);
    return kj::mv(pipe.ends[0]);
  }
  void connect() { connection = kj::heap<Connection>(accept(), Bytes(16, 1)); }
  void pass(kj::Duration time) {
    const kj::TimePoint end = timer.now() + time;
    for (scope.poll();;) {
      auto next = timer.nextEvent();
      bool due = false;
      KJ_IF_MAYBE (when, next) {
        due = *when <= end;
        if (due) timer.advanceTo(kj::max(*when, timer.now()));
      }
      if (!due) break;
      scope.poll();
    }
    timer.advanceTo(end);
    scope.poll();
  }
  // Up to the next timer, and no further.
  void step() {
    scope.poll();
    KJ_IF_MAYBE (when, timer.nextEvent()) timer.advanceTo(kj::max(*when, timer.now()));
    scope.poll();
  }
  protocol::Reader::Client reader() {
    auto request = connection->session().readerRequest();
    request.setBranch(to_data("main"));
    return request.send().getReader();
  }
};

class QuietSink final : public protocol::Sink::Server {
 protected:
  kj::Promise<void> piece(PieceContext) override { return kj::READY_NOW; }
  kj::Promise<void> last(LastContext) override { return kj::READY_NOW; }
};

TEST(Limits, TooManyOpenQuestionsEndTheConnection) {
  for (bool too_many : {false, true}) {
    Limited at;
    at.connect();
    auto reader = at.reader();
    at.scope.poll();
    kj::Vector<kj::Promise<void>> open;
    for (int i = 0; i < (too_many ? 300 : 200); ++i) {
      auto request = reader.pullRequest();
      request.setSink(kj::heap<QuietSink>());
      request.setFollow(true);
      open.add(request.send().ignoreResult().eagerlyEvaluate([](kj::Exception&&) {}));
    }
    at.scope.poll();
    EXPECT_EQ(at.ended.has_value(), too_many);
    if (at.ended) {
      EXPECT_EQ(at.ended->kind, Error::Kind::limit) << at.ended->message;
    }
    open.clear();
    // The node lives.
    at.connect();
    EXPECT_NO_THROW(at.reader().headRequest().send().wait(at.scope));
  }
}

TEST(Limits, CallsBeyondTheRateWaitForTheClock) {
  GateLimits limits;
  limits.calls_per_second = 100;
  limits.calls_burst = 50;
  Limited at(limits);
  at.connect();
  auto reader = at.reader();
  at.scope.poll();
  int answered = 0;
  kj::Vector<kj::Promise<void>> calls;
  for (int i = 0; i < 200; ++i) {
    calls.add(reader.headRequest()
                  .send()
                  .ignoreResult()
                  .then([&] { ++answered; })
                  .eagerlyEvaluate(nullptr));
  }
  at.scope.poll();
  EXPECT_GT(answered, 40);
  EXPECT_LE(answered, 51);
  at.pass(500 * kj::MILLISECONDS);
  EXPECT_GT(answered, 90);
  EXPECT_LE(answered, 102);
  at.pass(2 * kj::SECONDS);
  EXPECT_EQ(answered, 200);
  EXPECT_FALSE(at.ended) << "it is slowed down, not cut";
}

// The rate is the peer's, however often it connects.
TEST(Limits, AllConnectionsOfAPeerShareOneRate) {
  GateLimits limits;
  limits.calls_per_second = 1;
  limits.calls_burst = 10;
  Limited at(limits);
  auto first = at.accept();
  auto first_serving = kj::mv(at.serving);
  Connection one(kj::mv(first), Bytes(16, 1));
  at.connect();
  int answered = 0;
  auto ask = [&](protocol::Session::Client session) {
    return session.headsRequest()
        .send()
        .ignoreResult()
        .then([&] { ++answered; })
        .eagerlyEvaluate(nullptr);
  };
  kj::Vector<kj::Promise<void>> calls;
  for (int i = 0; i < 10; ++i) {
    calls.add(ask(one.session()));
    calls.add(ask(at.connection->session()));
  }
  at.scope.poll();
  EXPECT_LE(answered, 10);
  at.pass(30 * kj::SECONDS);
  EXPECT_EQ(answered, 20);
}

TEST(Limits, WhoDoesNotLogInIsCutAfterTenSeconds) {
  Limited at;
  auto stream = at.accept();
  at.pass(9 * kj::SECONDS);
  EXPECT_FALSE(at.ended);
  at.pass(2 * kj::SECONDS);
  ASSERT_TRUE(at.ended);
  EXPECT_EQ(at.ended->kind, Error::Kind::limit);
}

// Messages that are well formed and go on and on, without a login: nothing is read beyond 8 KiB.
TEST(Limits, WhoHasNotLoggedInIsHeardForEightKibibytes) {
  Limited at;
  auto stream = at.accept();
  capnp::MallocMessageBuilder builder;
  auto door = builder.initRoot<protocol::Hello>();
  Bytes noise(4000, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 37 + 1);
  door.setStore(to_data(noise));
  auto pipe = kj::newOneWayPipe();
  PackedStream packed(*stream);
  int written = 0;
  auto writing = [&]() -> Task<void> {
    for (;;) {
      capnp::MallocMessageBuilder message;
      message.initRoot<capnp::AnyPointer>().setAs<protocol::Hello>(door.asReader());
      co_await packed.writeMessage(nullptr, message.getSegmentsForOutput());
      ++written;
    }
  };
  auto task = kj::Promise<void>(writing()).eagerlyEvaluate([](kj::Exception&&) {});
  at.scope.poll();
  EXPECT_LE(written, 4);
  at.pass(11 * kj::SECONDS);
  ASSERT_TRUE(at.ended);
}

TEST(Limits, AConnectionThatAsksNothingIsCutAndAFollowerStays) {
  Limited at;
  at.connect();
  at.connection->welcomed().wait(at.scope);
  at.pass(500 * kj::SECONDS);
  ASSERT_TRUE(at.ended);
  EXPECT_EQ(at.ended->kind, Error::Kind::limit);
  at.connect();
  auto a = memory_repo(1);
  auto following = kj::Promise<void>(follow(*a, at.connection->session(), {.remote = "b"},
                                            std::make_shared<PeerHas>(), [](const Landed&) {}))
                       .eagerlyEvaluate(nullptr);
  at.pass(500 * kj::SECONDS);
  EXPECT_FALSE(at.ended);
}

// A peer that asks for much and reads nothing: the answers do not pile up.
TEST(Limits, AnswersThatNobodyReadsDoNotPileUp) {
  Limited at;
  Bytes noise(60'000, '\0');
  std::mt19937_64 random(1);
  for (char& byte : noise) byte = static_cast<char>(random());
  must(at.repo->branch("main").set("big", noise));
  // The peer's end: what it writes goes through, what comes to it stays in the pipe.
  auto pipe = kj::newTwoWayPipe();
  auto stream = at.accept();
  auto up = pipe.ends[1]->pumpTo(*stream).ignoreResult().eagerlyEvaluate([](kj::Exception&&) {});
  at.connection = kj::heap<Connection>(kj::mv(pipe.ends[0]), Bytes(16, 1));
  auto reader = at.reader();
  const Bytes beside = beside_key(0);
  kj::Vector<kj::Promise<void>> calls;
  for (int i = 0; i < 200; ++i) {
    auto request = reader.getRequest();
    auto place = request.initPlace();
    place.setCommit(to_data(head_of(*at.repo).view()));
    auto path = place.initPath(2);
    path.set(0, to_data("big"));
    path.set(1, to_data(beside));
    calls.add(request.send().ignoreResult().eagerlyEvaluate([](kj::Exception&&) {}));
  }
  at.pass(1 * kj::SECONDS);
  EXPECT_GT(at.calls, 20u);
  EXPECT_LT(at.calls, 60u) << "2 MiB are 35 answers";
  EXPECT_FALSE(at.ended);
}

TEST(Limits, NestingBeyondThirtyTwoIsNotRead) {
  for (int depth : {20, 40}) {
    capnp::MallocMessageBuilder builder;
    auto at = builder.initRoot<capnp::AnyPointer>();
    for (int i = 0; i < depth; ++i) {
      at = at.initAsAnyStruct(0, 1).getPointerSection()[0];
    }
    at.setAs<capnp::Text>("deep");
    kj::EventLoop loop;
    kj::WaitScope scope(loop);
    auto pipe = kj::newTwoWayPipe();
    PackedStream out(*pipe.ends[0]), in(*pipe.ends[1]);
    auto writing = out.writeMessage(nullptr, builder.getSegmentsForOutput());
    auto read = in.tryReadMessage(nullptr, message_limits(), nullptr).wait(scope);
    auto& message = *KJ_ASSERT_NONNULL(read).reader;
    auto descend = [&] {
      auto pointer = message.getRoot<capnp::AnyPointer>();
      for (int i = 0; i < depth; ++i)
        pointer = pointer.getAs<capnp::AnyStruct>().getPointerSection()[0];
      return pointer.getAs<capnp::Text>().size();
    };
    if (depth < 32)
      EXPECT_EQ(descend(), 4u);
    else
      EXPECT_ANY_THROW(descend());
  }
}

// ---- Many at once.

// 1,000 connections, each of which claims a message of 64 MiB in its first bytes: at the door of
// RPC.
TEST(Limits, AThousandWhoClaim64MiBCostLessThan4KiBEach) {
  Limited at;
  struct One {
    kj::Own<kj::AsyncIoStream> stream;
    kj::Promise<void> serving = nullptr, writing = nullptr;
  };
  std::vector<One> all(1000);
  // The first pays for what all share.
  auto open = [&](One& one) {
    auto pipe = kj::newTwoWayPipe();
    one.stream = kj::mv(pipe.ends[0]);
    one.serving = kj::Promise<void>(serve(at.host, kj::mv(pipe.ends[1]), {}))
                      .eagerlyEvaluate([](kj::Exception&&) {});
    static const Bytes claim("\x80\x80\x80\x20\0\0\0\0", 8);
    one.writing =
        one.stream->write(claim.data(), claim.size()).eagerlyEvaluate([](kj::Exception&&) {});
  };
  open(all[0]);
  at.scope.poll();
  const size_t before = allocated_bytes();
  for (size_t i = 1; i < all.size(); ++i) open(all[i]);
  at.scope.poll();
  const size_t grown = allocated_bytes() - before;
  EXPECT_LT(grown, 4u << 20);
  at.connect();
  EXPECT_NO_THROW(at.reader().headRequest().send().wait(at.scope));
  // Dropped before what they are served by.
  all.clear();
}

// A listener without a network: connections come from an address when the test says so.
class Receiver final : public kj::ConnectionReceiver {
 public:
  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override { KJ_UNIMPLEMENTED("by address"); }
  kj::Promise<kj::AuthenticatedStream> acceptAuthenticated() override {
    auto paf = kj::newPromiseAndFulfiller<kj::AuthenticatedStream>();
    waiting_ = kj::mv(paf.fulfiller);
    return kj::mv(paf.promise);
  }
  kj::uint getPort() override { return 1; }
  void come(kj::Own<kj::AsyncIoStream> stream, kj::StringPtr address) {
    waiting_->fulfill(
        {kj::mv(stream), kj::NetworkPeerIdentity::newInstance(kj::heap<At>(address))});
  }

 private:
  class At final : public kj::NetworkAddress {
   public:
    explicit At(kj::StringPtr text) : text_(kj::heapString(text)) {}
    kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override { KJ_UNIMPLEMENTED("one way"); }
    kj::Own<kj::ConnectionReceiver> listen() override { KJ_UNIMPLEMENTED("one way"); }
    kj::Own<kj::NetworkAddress> clone() override { return kj::heap<At>(text_); }
    kj::String toString() override { return kj::heapString(text_); }

   private:
    kj::String text_;
  };
  kj::Own<kj::PromiseFulfiller<kj::AuthenticatedStream>> waiting_;
};

struct Listening : Limited {
  Receiver receiver;
  SecureTransport transport{must(identity_of(repo->store()))};
  Listener listener{host, transport, timer};
  kj::Promise<void> listening =
      kj::Promise<void>(listener.listen(receiver)).eagerlyEvaluate(nullptr);

  kj::Own<kj::AsyncIoStream> come(int address) {
    scope.poll();
    auto pipe = kj::newTwoWayPipe();
    receiver.come(kj::mv(pipe.ends[1]), kj::str("10.0.", address / 250, ".", address % 250, ":9"));
    scope.poll();
    return kj::mv(pipe.ends[0]);
  }
};

TEST(Listener, ClosesWhoComesTooOftenFromOneAddress) {
  Listening at;
  std::vector<kj::Own<kj::AsyncIoStream>> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(at.come(1));
  EXPECT_EQ(at.listener.connections(), 64u);
  streams.clear();
  at.scope.poll();
  EXPECT_EQ(at.listener.connections(), 0u);
  streams.push_back(at.come(1));
  EXPECT_EQ(at.listener.connections(), 1u);
}

// 1,000 who connect, from as many addresses, say eight bytes that claim 64 MiB, and stay.
TEST(Listener, AThousandWhoSayNothingUsefulCostLessThan4MiB) {
  Listening at;
  auto first = at.come(9999);
  const size_t before = allocated_bytes();
  std::vector<kj::Own<kj::AsyncIoStream>> streams;
  std::vector<kj::Promise<void>> writes;
  for (int i = 0; i < 1000; ++i) {
    streams.push_back(at.come(i));
    static const Bytes claim("\0\0\0\0\0\0\x80\0", 8);
    writes.push_back(
        streams.back()->write(claim.data(), claim.size()).eagerlyEvaluate([](kj::Exception&&) {}));
    at.scope.poll();
  }
  EXPECT_LT(allocated_bytes() - before, 4u << 20);
  EXPECT_LE(at.listener.connections(), 64u);
  // They are gone after ten seconds, and whoever comes then is served.
  at.pass(11 * kj::SECONDS);
  EXPECT_EQ(at.listener.connections(), 0u);
  auto a = memory_repo(1);
  SecureTransport peer(must(identity_of(a->store())));
  auto secure = peer.dial(at.come(1), std::nullopt).wait(at.scope);
  Connection connection(kj::mv(secure.stream), Bytes(16, 1));
  EXPECT_EQ(
      pull(*a, connection.session(), {.remote = "b", .merge_into = "main"}).wait(at.scope).how,
      Pulled::How::received);
}

// ---- One clone beside another: pieces go out in turns.
class CountingSink final : public protocol::Sink::Server {
 public:
  explicit CountingSink(int& pieces) : pieces_(pieces) {}

 protected:
  kj::Promise<void> piece(PieceContext) override {
    ++pieces_;
    return kj::READY_NOW;
  }
  kj::Promise<void> last(LastContext) override { return kj::READY_NOW; }

 private:
  int& pieces_;
};

TEST(Limits, OneCloneStarvesNobody) {
  Limited at;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    Bytes noise(60'000, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    must(at.repo->branch("main").set("k" + std::to_string(i), noise));
  }
  at.connect();
  auto reader = at.reader();
  int pieces[2] = {0, 0};
  bool ended[2] = {false, false};
  auto pull = [&](int which) {
    auto request = reader.pullRequest();
    request.setSink(kj::heap<CountingSink>(pieces[which]));
    return request.send()
        .ignoreResult()
        .then([&ended, which] { ended[which] = true; })
        .eagerlyEvaluate(nullptr);
  };
  auto first = pull(0);
  while (pieces[0] < 10) at.step();
  auto second = pull(1);
  while (pieces[1] == 0) at.step();
  EXPECT_LE(pieces[0], 14) << "the first goes on while the second waits";
  const int lead = pieces[0];
  while (!ended[0]) at.step();
  EXPECT_GE(pieces[1] + lead + 4, pieces[0]);
}

}  // namespace
}  // namespace ukstore::tests
