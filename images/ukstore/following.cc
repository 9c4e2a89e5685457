#include <ukstore/images/ukstore/following.h>

#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/moves.h>
#include <ukstore/images/ukstore/peer_failure.h>
#include <ukstore/merge/replica.h>
#include <ukstore/sync/listener.h>
#include <ukstore/sync/replicator.h>

#include <cstring>

namespace ukstore::cli {
namespace {

using libos_kj::Task;

constexpr kj::Duration kTick = 200 * kj::MILLISECONDS;

uint64_t random_number() {
  const ReplicaId id = random_replica_id();
  uint64_t number = 0;
  std::memcpy(&number, id.bytes.data(), sizeof number);
  return number;
}

// A peer that is followed: how to reach it again.
struct Followed {
  Destination destination;
  Bytes name;
  Bytes fingerprint;
  std::unique_ptr<LocalPeer> local{};
};

Followed meet(Dialler& dialler, Destination destination) {
  Contact contact(dialler, std::move(destination));
  return {contact.destination(), contact.name(), contact.fingerprint()};
}

Dial dial_of(Dialler& dialler, Followed& peer) {
  if (peer.destination.is_path()) {
    peer.local =
        std::make_unique<LocalPeer>(dialler.context(), peer.destination, dialler.loop().timer());
    return [&dialler, local = peer.local.get()]() -> kj::Promise<kj::Own<kj::AsyncIoStream>> {
      return local->connect(dialler.identity().fingerprint());
    };
  }
  return [&dialler, &peer]() -> kj::Promise<kj::Own<kj::AsyncIoStream>> {
    auto dialling =
        dial(dialler.loop().network(), dialler.transport(),
             {.fingerprint = peer.fingerprint, .host_and_port = peer.destination.host_and_port});
    return dialler.loop()
        .timer()
        .timeoutAfter(dialler.answer_max(), kj::mv(dialling))
        .then([](SecureStream&& secure) { return kj::mv(secure.stream); });
  };
}

// Tells when a peer comes and goes.
Task<void> print_peers(Context& context, const Replicator& replicator, kj::Timer& timer) {
  std::map<Bytes, PeerStatus::Now> told;
  for (;;) {
    for (const auto& [name, status] : replicator.status()) {
      if (status.now == PeerStatus::Now::dialling) continue;
      const auto before = told.find(name);
      if (before != told.end() && before->second == status.now) continue;
      told[name] = status.now;
      Json event = {{"event", "connected"}};
      std::string note = "connected to " + printable(name);
      if (status.now == PeerStatus::Now::waiting) {
        const std::string reason = status.last_error ? status.last_error->message : "it ended";
        event = {{"event", "lost"}, {"reason", printable(reason)}};
        note = "lost " + printable(name) + ", trying again: " + printable(reason);
      }
      put_bytes(event, "remote", name);
      tell(context, event, note);
    }
    co_await timer.afterDelay(kTick);
  }
}

}  // namespace

Exit follow_peers(Dialler& dialler, std::vector<Destination> destinations,
                  std::vector<Bytes> branches) {
  Context& context = dialler.context();
  Repo& repo = dialler.repo();
  kj::Timer& timer = dialler.loop().timer();
  std::vector<std::unique_ptr<Followed>> peers;
  for (Destination& destination : destinations) {
    peers.push_back(std::make_unique<Followed>(meet(dialler, std::move(destination))));
  }
  for (const Bytes& branch : branches) {
    must(repo.branch(branch).mark_shared(), "cannot mark branch " + in_quotes(branch));
  }
  Host host(repo, {.store_id = dialler.identity().store_id(),
                   .right = [](const Peer&, BytesView) { return Right::none; },
                   .now_ms = [&context] { return context.now_ms(); },
                   .timer = &timer});
  Replicator replicator(host, timer, {.branches = std::move(branches), .random = random_number});
  for (const auto& peer : peers) replicator.add(peer->name, dial_of(dialler, *peer));
  set_phase(Phase::following);
  kj::Promise<void> moves = print_moves(context, repo.store(), host.signal());
  kj::Promise<void> states = print_peers(context, replicator, timer);
  try {
    moves.exclusiveJoin(kj::mv(states)).wait(dialler.loop().scope());
  } catch (const kj::Exception& exception) {
    throw peer_failure(exception, "cannot go on");
  }
  KJ_UNREACHABLE;
}

}  // namespace ukstore::cli
