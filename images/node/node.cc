#include <ukstore/images/node/node.h>

#include <ukstore/images/node/counted_stream.h>
#include <ukstore/images/node/keyring.h>
#include <ukstore/images/node/page_server.h>
#include <ukstore/sync/errors.h>
#include <ukstore/sync/replicator.h>

#include <kj/debug.h>

#include <atomic>
#include <map>

namespace ukstore::node {
namespace {

using libos_kj::Task;

constexpr kj::Duration kDialMax = 20 * kj::SECONDS;
constexpr kj::Duration kWaitMax = 10 * kj::SECONDS;
// How soon a commit of another process on the same store is seen.
constexpr size_t kBranchesShown = 100;

Bytes name_of(const PeerAddress& address) {
  return address.fingerprint ? address.fingerprint->substr(0, 16) : address.host_and_port;
}

// A receiver whose connections are counted and watched.
class WatchedReceiver final : public kj::ConnectionReceiver {
 public:
  WatchedReceiver(kj::Own<kj::ConnectionReceiver> inner, Platform& platform, Traffic& traffic)
      : inner_(kj::mv(inner)), platform_(platform), traffic_(traffic) {}

  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    return inner_->accept().then([this](kj::Own<kj::AsyncIoStream>&& stream) {
      ++traffic_.accepted;
      platform_.watch_liveness(*stream);
      return counted(kj::mv(stream), traffic_);
    });
  }
  kj::uint getPort() override { return inner_->getPort(); }

 private:
  kj::Own<kj::ConnectionReceiver> inner_;
  Platform& platform_;
  Traffic& traffic_;
};

class Node {
 public:
  Node(Platform& platform, const Config& config, Repo& repo, const Identity& identity)
      : platform_(platform),
        config_(config),
        store_(repo.store()),
        fingerprint_(identity.fingerprint()),
        started_(platform.timer().now()),
        keys_(config, repo.store()),
        transport_(identity),
        host_(repo, host_options(identity)),
        listener_(host_, transport_, platform.timer(), listen_options()),
        pages_(platform.timer(), [this](std::string_view path) { return page(path); }),
        replicator_(host_, platform.timer(), replicator_options()),
        moves_(store_.watch({}, [this](const WatchEvent&) { ++head_moves_; })) {}
  ~Node() { store_.unwatch(moves_); }
  KJ_DISALLOW_COPY(Node);

  void run() {
    kj::WaitScope& scope = platform_.scope();
    auto peers = kj::heap<WatchedReceiver>(listen_at(config_.listen), platform_, traffic_);
    kj::Promise<void> ends = platform_.stop_asked();
    ends = ends.exclusiveJoin(listener_.listen(*peers));
    kj::Own<kj::ConnectionReceiver> readers;
    platform_.say("node " + fingerprint_ + " listening on " + shown(config_.listen, *peers));
    if (!config_.metrics.empty()) {
      readers = listen_at(config_.metrics);
      ends = ends.exclusiveJoin(pages_.listen(*readers));
      platform_.say("metrics on " + shown(config_.metrics, *readers));
    }
    for (const PeerAddress& peer : config_.peers) {
      replicator_.add(name_of(peer), [this, peer] { return dial_peer(peer); });
    }
    if (config_.stop_after_s > 0) {
      const auto after = static_cast<int64_t>(config_.stop_after_s) * kj::SECONDS;
      ends = ends.exclusiveJoin(platform_.timer().afterDelay(after));
    }
    ends.wait(scope);
    platform_.say("stopping");
  }

 private:
  HostOptions host_options(const Identity& identity) {
    return {.store_id = identity.store_id(),
            .right = [this](const Peer& peer, BytesView) { return keys_.right(peer.fingerprint); },
            .welcome =
                [this](const Peer& peer) { return keys_.right(peer.fingerprint) != Right::none; },
            .now_ms = [this] { return platform_.now_ms(); },
            .timer = &platform_.timer()};
  }
  ListenOptions listen_options() {
    ListenOptions options;
    options.connections_max = config_.connections_max;
    options.ended = [this](const Peer&, const Error& error) { ++ends_[error.kind]; };
    return options;
  }
  ReplicatorOptions replicator_options() {
    return {.branches = config_.branches, .wait_max = kWaitMax, .random = [this] {
              return platform_.random();
            }};
  }

  kj::Own<kj::ConnectionReceiver> listen_at(const std::string& endpoint) {
    auto address = platform_.network().parseAddress(endpoint.c_str()).wait(platform_.scope());
    return address->listen();
  }
  // With the port that was taken.
  static std::string shown(const std::string& endpoint, kj::ConnectionReceiver& receiver) {
    return endpoint.substr(0, endpoint.rfind(':') + 1) + std::to_string(receiver.getPort());
  }

  kj::Promise<kj::Own<kj::AsyncIoStream>> dial_peer(const PeerAddress& address) {
    kj::Promise<kj::Own<kj::AsyncIoStream>> dialling = secure(address);
    return platform_.timer().timeoutAfter(kDialMax, kj::mv(dialling));
  }
  Task<kj::Own<kj::AsyncIoStream>> secure(PeerAddress address) {
    auto found = co_await platform_.network().parseAddress(address.host_and_port.c_str());
    auto plain = co_await found->connect();
    ++traffic_.dialled;
    platform_.watch_liveness(*plain);
    const std::optional<Bytes> expected = get_or_throw(keys_.expected(address));
    auto peer = co_await transport_.dial(counted(kj::mv(plain), traffic_), expected);
    if (!expected) get_or_throw(keys_.believe(address, peer.fingerprint));
    co_return kj::mv(peer.stream);
  }

  std::optional<std::string> page(std::string_view path) {
    if (path != "/metrics") return std::nullopt;
    Metrics metrics;
    measure(metrics);
    measure_branches(metrics);
    measure_peers(metrics);
    platform_.measure(metrics);
    return metrics.text();
  }

  void measure(Metrics& to) {
    const auto up = (platform_.timer().now() - started_) / kj::SECONDS;
    to.gauge("ukstore_node", "Which node this is.", 1,
             {{"fingerprint", fingerprint_}, {"form", std::string(platform_.form())}});
    to.gauge("ukstore_uptime_seconds", "Since the node started.", static_cast<uint64_t>(up));
    to.counter("ukstore_journal_entries_total", "Changes of heads, ever.",
               get_or_throw(store_.last_sequence()));
    to.counter("ukstore_head_moves_total", "Heads that this node moved since it started.",
               head_moves_);
    to.gauge("ukstore_connections", "Peers that are connected to this node.",
             listener_.connections());
    to.counter("ukstore_accepted_total", "Connections that came.", traffic_.accepted);
    to.counter("ukstore_dialled_total", "Connections that this node made.", traffic_.dialled);
    to.counter("ukstore_received_bytes_total", "Bytes of peers, encrypted.", traffic_.bytes_in);
    to.counter("ukstore_sent_bytes_total", "Bytes to peers, encrypted.", traffic_.bytes_out);
    for (const auto& [kind, count] : ends_) {
      to.counter("ukstore_connection_faults_total", "Connections that did not end well, by what.",
                 count, {{"kind", std::string(name(kind))}});
    }
  }

  void measure_branches(Metrics& to) {
    auto branches = get_or_throw(store_.refs(RefKind::branch));
    to.gauge("ukstore_branches", "Branches, with those of peers.", branches.size());
    if (branches.size() > kBranchesShown) branches.resize(kBranchesShown);
    Metrics heads;
    for (const auto& [branch, head] : branches) {
      const Commit commit = get_or_throw(store_.commit(head.ref)).commit;
      to.gauge("ukstore_branch_generation", "How long the longest history of the branch is.",
               commit.generation, {{"branch", printable(branch)}});
    }
    for (const auto& [branch, head] : branches) {
      const Commit commit = get_or_throw(store_.commit(head.ref)).commit;
      to.gauge("ukstore_branch_head", "Where the branch is: its commit, and the root of its tree.",
               1,
               {{"branch", printable(branch)},
                {"commit", to_hex(head.ref.hash)},
                {"root", to_hex(commit.tree.hash)}});
    }
  }

  void measure_peers(Metrics& to) {
    const auto& status = replicator_.status();
    using Labels = Metrics::Labels;
    for (const auto& [peer, is] : status) {
      to.gauge("ukstore_peer_connected", "Whether this node is connected to the peer.",
               is.now == PeerStatus::Now::connected ? 1 : 0, Labels{{"peer", peer}});
    }
    for (const auto& [peer, is] : status) {
      to.counter("ukstore_commits_received_total", "Commits that came from the peer.",
                 is.commits_received, Labels{{"peer", peer}});
    }
    for (const auto& [peer, is] : status) {
      to.counter("ukstore_pushes_total", "Times that the peer took what it lacked.", is.pushes,
                 Labels{{"peer", peer}});
    }
  }

  Platform& platform_;
  const Config& config_;
  Store& store_;
  const Bytes fingerprint_;
  const kj::TimePoint started_;
  Traffic traffic_;
  std::map<Error::Kind, uint64_t> ends_;
  std::atomic<uint64_t> head_moves_ = 0;
  Keyring keys_;
  SecureTransport transport_;
  Host host_;
  Listener listener_;
  PageServer pages_;
  Replicator replicator_;
  const uint64_t moves_;
};

}  // namespace

Result<void> run(Platform& platform, const Config& config) {
  auto backend = platform.open_backend();
  if (!backend) return pass_on(backend);
  // Without an incarnation, so that every start writes under new replica ids.
  auto repo = Repo::open(std::move(*backend));
  if (!repo) return pass_on(repo);
  auto identity = identity_of((*repo)->store());
  if (!identity) return pass_on(identity);
  std::optional<Error> failed;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] {
                 Node node(platform, config, **repo, *identity);
                 node.run();
               })) {
    failed = error_of(*exception);
  }
  auto closed = (*repo)->store().close();
  if (failed) return std::unexpected(*failed);
  if (!closed) return pass_on(closed);
  platform.say("stopped");
  return {};
}

}  // namespace ukstore::node
