#pragma once
// Pulling a branch from a peer, and pushing one to it.

#include <ukstore/sync/connection.h>

namespace ukstore {

struct PullPlan {
  Bytes branch = "main";              // of the peer
  Bytes remote;                       // the peer's name: its head is kept as remotes/REMOTE/BRANCH
  std::optional<Bytes> merge_into{};  // a branch of ours
  // Further commits of ours that the peer's branch may build on, the likeliest last.
  std::vector<Hash> also_have{};
  Bytes note{};  // for the journal; empty: "pull REMOTE"
  IntakeOptions intake{};
  int64_t when_ms = 0;
};

struct Pulled {
  enum class How { absent, current, received } how = How::absent;
  std::optional<Hash> head{};      // of the peer's branch
  std::optional<Landed> landed{};  // what the last landing did
  uint64_t commits = 0;            // received
};

// One pull.  The repository outlives it.
Task<Pulled> pull(Repo& repo, protocol::Session::Client session, PullPlan plan);

// Pulls, and goes on whenever the peer's branch moves, until cancelled or cut; `landed` is called
// after each landing.  `has` is told what the peer has.
Task<void> follow(Repo& repo, protocol::Session::Client session, PullPlan plan,
                  std::shared_ptr<PeerHas> has, kj::Function<void(const Landed&)> landed);

// Pushes a branch into the branch of that name of a peer, as often as it moves.
class Pusher {
 public:
  // The repository outlives this.  `has` is that of the pull over the same connection.
  Pusher(Repo& repo, protocol::Session::Client session, Bytes branch, std::shared_ptr<PeerHas> has)
      : repo_(repo), session_(kj::mv(session)), branch_(std::move(branch)), has_(std::move(has)) {}

  // Sends what the peer lacks of our branch; resolves when that has landed there.  The head of the
  // peer's branch afterwards; none if there was nothing to send.
  Task<kj::Maybe<Hash>> push();
  // Commits of all pushes so far, and those of the present one that are still to be sent.
  uint64_t commits_planned() const { return commits_planned_; }
  size_t commits_left() const { return out_ ? out_->commits_left() : 0; }

 private:
  Task<void> open();

  Repo& repo_;
  protocol::Session::Client session_;
  const Bytes branch_;
  const std::shared_ptr<PeerHas> has_;
  std::optional<Outflow> out_;
  uint64_t commits_planned_ = 0;
  kj::Maybe<protocol::Sink::Client> sink_;
};

}  // namespace ukstore
