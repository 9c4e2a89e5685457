#pragma once
// What a replica serves to its peers: the bootstrap object of a connection, and behind it sessions,
// readers and mergers of branches.

#include <ukstore/merge/repo.h>
#include <ukstore/sync/gate.h>
#include <ukstore/sync/head_signal.h>
#include <ukstore/sync/rights.h>
#include <ukstore/sync/sink.h>

#include <protocol.capnp.h>

#include <map>

namespace ukstore {

// Who is at the other end of a connection.
struct Peer {
  Bytes fingerprint;  // 64 hex digits; empty if the transport proves nothing
  Bytes name;         // its heads are tracked under remotes/NAME; empty: they are not
};

class Served;

struct HostOptions {
  Bytes store_id;  // 16 bytes
  // What a peer may do with a branch; asked at each call, and of what runs when a head has moved or
  // `Host::rights_changed` is called.
  std::function<Right(const Peer&, BytesView branch)> right;
  // Whether a peer may log in at all; the others are refused in words.
  std::function<bool(const Peer&)> welcome = [](const Peer&) { return true; };
  IntakeOptions intake{};
  std::function<int64_t()> now_ms = [] { return int64_t{0}; };  // for the journal
  GateLimits limits{};                                          // of each connection
  // Outlives the host.  None: no limits of time, no fairness between peers, and what other
  // processes write to the store is not noticed.
  kj::Timer* timer = nullptr;
  kj::Duration others_every = 50 * kj::MILLISECONDS;  // how often that is looked at; 0: never
};
// The same options, with what peers may do taken from a list of rights, which outlives the host:
// whom no grant names may not log in.
HostOptions guarded_by(const Rights& rights, HostOptions options);

// What the objects of a connection ask of it.
struct ConnectionHooks {
  // The peer has sent what no honest peer sends: drop the connection.
  kj::Function<void(const Error&)> cut = [](const Error&) {};
  kj::Function<void()> logged_in = [] {};
  // Resolves when a long answer may be made.
  kj::Function<kj::Promise<void>()> turn = []() -> kj::Promise<void> { return kj::READY_NOW; };
};

// All that is referred to outlives the host, and the host outlives what it makes.
class Host {
 public:
  Host(Repo& repo, HostOptions options);
  KJ_DISALLOW_COPY(Host);

  // The bootstrap object for one connection.
  protocol::Door::Client door(Peer peer, ConnectionHooks hooks);
  // What peers may do has changed otherwise than by a move of a head: work that has lost its right
  // is broken off at once.
  void rights_changed();
  // What all connections of a peer share; none without a timer.
  kj::Maybe<kj::Own<TokenBucket>> bucket_of(const Peer& peer);

  Repo& repo() { return repo_; }
  HeadSignal& signal() { return signal_; }
  const HostOptions& options() const { return options_; }

 private:
  Task<void> watch();
  kj::Promise<void> look_at_others();

  Repo& repo_;
  const HostOptions options_;
  HeadSignal signal_;
  const std::shared_ptr<std::vector<Served*>> served_;          // one for each connection
  std::map<Bytes, kj::Own<TokenBucket>, std::less<>> buckets_;  // by fingerprint
  kj::Maybe<kj::Promise<void>> watching_, looking_;
};

// The objects of the states of a branch, by their places (protocol.capnp, Objects).
kj::Own<protocol::Objects::Server> serve_objects(Store& store, Bytes branch,
                                                 std::shared_ptr<const PeerHas> peer);

// Others hold this branch from now on (Branch::mark_shared); costs one look if that is known.
Result<void> share(Repo& repo, BytesView branch);

// The branch under which the head of a peer's branch is kept.
inline Bytes tracking_branch(BytesView remote, BytesView branch) {
  return "remotes/" + Bytes(remote) + "/" + Bytes(branch);
}

}  // namespace ukstore
