#pragma once
// Keeps branches in step with a list of peers, for as long as it lives.
//
// For each peer it dials, follows the peer's branches, merges what comes into ours, and pushes ours
// whenever they move.  What it cannot reach it tries again, waiting longer each time.  Merges are
// canonical and keep the rule of rest, so nodes that all run this come to one head and then send
// nothing more.

#include <ukstore/sync/transfer.h>

#include <kj/timer.h>

#include <map>

namespace ukstore {

// A stream to a peer; who it is has been proven or is taken on trust by then.
using Dial = kj::Function<kj::Promise<kj::Own<kj::AsyncIoStream>>()>;

struct ReplicatorOptions {
  std::vector<Bytes> branches = {"main"};
  kj::Duration wait_min = 500 * kj::MILLISECONDS;  // after the first failure; doubled by each
  kj::Duration wait_max = 60 * kj::SECONDS;
  // A connection that lasted this long was a good one: the next wait is the shortest again.
  kj::Duration good_after = 10 * kj::SECONDS;
  std::function<uint64_t()> random;  // waits are spread by up to a half of their length
  IntakeOptions intake{};
};

struct PeerStatus {
  enum class Now { dialling, connected, waiting } now = Now::waiting;
  uint64_t connections = 0;
  uint64_t commits_received = 0;
  uint64_t pushes = 0;
  std::optional<Error> last_error{};
};

class Replicator final : private kj::TaskSet::ErrorHandler {
 public:
  // `host` is the own one: its repository is what is replicated.  Both outlive this.
  Replicator(Host& host, kj::Timer& timer, ReplicatorOptions options);
  KJ_DISALLOW_COPY(Replicator);

  // Starts with a peer; `name` is under which its heads are tracked.
  void add(Bytes name, Dial dial);
  const std::map<Bytes, PeerStatus, std::less<>>& status() const { return status_; }

 private:
  struct Remote;
  Task<void> keep(Bytes name, Dial dial);
  Task<void> talk(const Bytes& name, kj::Own<kj::AsyncIoStream> stream, PeerStatus& status);
  Task<void> push_always(protocol::Session::Client session, Bytes branch,
                         std::shared_ptr<PeerHas> has, PeerStatus& status);
  void taskFailed(kj::Exception&& exception) override;

  Host& host_;
  kj::Timer& timer_;
  const ReplicatorOptions options_;
  std::map<Bytes, PeerStatus, std::less<>> status_;
  kj::TaskSet tasks_;
};

}  // namespace ukstore
