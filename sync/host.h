#pragma once
// What a replica serves to its peers: the bootstrap object of a connection, and behind it sessions,
// readers and mergers of branches.

#include <ukstore/merge/repo.h>
#include <ukstore/sync/head_signal.h>
#include <ukstore/sync/sink.h>

#include <protocol.capnp.h>

namespace ukstore {

// Who is at the other end of a connection.
struct Peer {
  Bytes fingerprint;  // 64 hex digits; empty if the transport proves nothing
  Bytes name;         // its heads are tracked under remotes/NAME; empty: they are not
};

// What a peer may do with a branch.  Each level includes those before it.
enum class Right { none, read, merge, write, admin };

struct HostOptions {
  Bytes store_id;  // 16 bytes
  // What a peer may do with a branch; asked whenever it asks for one.
  std::function<Right(const Peer&, BytesView branch)> right;
  // Whether a peer may log in at all; the others are refused in words.
  std::function<bool(const Peer&)> welcome = [](const Peer&) { return true; };
  IntakeOptions intake{};
  std::function<int64_t()> now_ms = [] { return int64_t{0}; };  // for the journal
};

// All that is referred to outlives the host, and the host outlives what it makes.
class Host {
 public:
  Host(Repo& repo, HostOptions options);

  // The bootstrap object for one connection.  `cut` is called when the peer has sent what no honest
  // peer sends: drop the connection.
  protocol::Door::Client door(Peer peer, kj::Function<void(const Error&)> cut);

  Repo& repo() { return repo_; }
  HeadSignal& signal() { return signal_; }
  const HostOptions& options() const { return options_; }

 private:
  Repo& repo_;
  const HostOptions options_;
  HeadSignal signal_;
};

// The objects of the states of a branch, by their places (protocol.capnp, Objects).
kj::Own<protocol::Objects::Server> serve_objects(Store& store, Bytes branch,
                                                 std::shared_ptr<const PeerHas> peer);

// The branch under which the head of a peer's branch is kept.
inline Bytes tracking_branch(BytesView remote, BytesView branch) {
  return "remotes/" + Bytes(remote) + "/" + Bytes(branch);
}

}  // namespace ukstore
