#include <ukstore/sync/replicator.h>

#include <ukstore/sync/errors.h>

#include <kj/debug.h>

namespace ukstore {

Replicator::Replicator(Host& host, kj::Timer& timer, ReplicatorOptions options)
    : host_(host), timer_(timer), options_(std::move(options)), tasks_(*this) {}

void Replicator::add(Bytes name, Dial dial) { tasks_.add(keep(std::move(name), kj::mv(dial))); }

void Replicator::taskFailed(kj::Exception&& exception) {
  KJ_LOG(FATAL, "a task that never ends has ended", exception);
}

// Dials again and again.
Task<void> Replicator::keep(Bytes name, Dial dial) {
  PeerStatus& status = status_[name];
  kj::Duration wait = options_.wait_min;
  for (;;) {
    const kj::TimePoint begin = timer_.now();
    try {
      status.now = PeerStatus::Now::dialling;
      auto stream = co_await dial();
      status.now = PeerStatus::Now::connected;
      ++status.connections;
      co_await talk(name, kj::mv(stream), status);
    } catch (const kj::Exception& exception) {
      status.last_error = error_of(exception);
    }
    status.now = PeerStatus::Now::waiting;
    if (timer_.now() - begin >= options_.good_after) wait = options_.wait_min;
    const int64_t longest = wait / kj::MICROSECONDS;
    const auto spread =
        static_cast<int64_t>(options_.random() % static_cast<uint64_t>(longest / 2 + 1));
    co_await timer_.afterDelay((longest - spread) * kj::MICROSECONDS);
    wait = kj::min(wait * 2, options_.wait_max);
  }
}

// One connection, until it ends.
Task<void> Replicator::talk(const Bytes& name, kj::Own<kj::AsyncIoStream> stream,
                            PeerStatus& status) {
  Connection connection(kj::mv(stream), host_.options().store_id);
  kj::Vector<kj::Promise<void>> work;
  for (const Bytes& branch : options_.branches) {
    auto has = std::make_shared<PeerHas>();
    PullPlan plan{.branch = branch,
                  .remote = name,
                  .merge_into = branch,
                  .intake = options_.intake,
                  .when_ms = host_.options().now_ms()};
    work.add(
        follow(host_.repo(), connection.session(), std::move(plan), has,
               [&status](const Landed& landed) { status.commits_received += landed.commits; }));
    work.add(push_always(connection.session(), branch, has, status));
  }
  auto ended = connection.ended().then([]() -> kj::Promise<void> {
    return to_exception({Error::Kind::io, "the peer has closed the connection"});
  });
  auto welcomed =
      connection.welcomed().then([](Bytes) -> kj::Promise<void> { return kj::NEVER_DONE; });
  // The first that fails ends it all.
  auto all = kj::mv(ended).exclusiveJoin(kj::mv(welcomed));
  for (auto& each : work) all = all.exclusiveJoin(kj::mv(each));
  co_await kj::mv(all);
}

Task<void> Replicator::push_always(protocol::Session::Client session, Bytes branch,
                                   std::shared_ptr<PeerHas> has, PeerStatus& status) {
  Pusher pusher(host_.repo(), kj::mv(session), branch, std::move(has));
  for (;;) {
    auto moved = host_.signal().next();
    KJ_IF_MAYBE (theirs, co_await pusher.push()) {
      (void)theirs;
      ++status.pushes;
      continue;
    }
    co_await kj::mv(moved);
  }
}

}  // namespace ukstore
