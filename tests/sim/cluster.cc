#include "cluster.h"

#include <ukstore/merge/types/counter.h>
#include <ukstore/store/check.h>

#include <algorithm>
#include <stdexcept>

namespace ukstore::tests {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Quiet final : public kj::TaskSet::ErrorHandler {
 public:
  void taskFailed(kj::Exception&&) override {}
};

}  // namespace

struct Cluster::Node {
  explicit Node(Disk::Order order) : disk(order) {}
  Disk disk;
  int boots = 0;
  std::unique_ptr<Repo> repo{};
  std::unique_ptr<Host> host{};
  Quiet quiet{};
  std::unique_ptr<kj::TaskSet> serving{};
  std::unique_ptr<Replicator> replicator{};
  bool is_up() const { return repo != nullptr; }
};

Cluster::Cluster(uint64_t seed, ClusterOptions options)
    : random_(seed),
      options_(std::move(options)),
      scope_(loop_),
      timer_(kj::origin<kj::TimePoint>()),
      peers_(options_.nodes),
      groups_(options_.nodes, 0) {
  // A ring and some chords; one end of each dials.
  for (size_t i = 0; i < options_.nodes; ++i) {
    peers_[i].insert((i + 1) % options_.nodes);
    if (below(2)) peers_[i].insert(below(options_.nodes));
    peers_[i].erase(i);
  }
  for (size_t i = 0; i < options_.nodes; ++i)
    nodes_.push_back(std::make_unique<Node>(options_.disk));
  for (size_t i = 0; i < options_.nodes; ++i) boot(i);
}

Cluster::~Cluster() {
  for (auto& connected : wires_) connected.wire->cut();
  for (auto& node : nodes_) node->replicator.reset();
  for (auto& node : nodes_) node->serving.reset();
  scope_.poll();
  for (auto& node : nodes_) node->host.reset();
}

void Cluster::note(const std::string& what) {
  trace_ += std::to_string((timer_.now() - kj::origin<kj::TimePoint>()) / kj::MILLISECONDS) + " " +
            what + "\n";
}

void Cluster::boot(size_t number) {
  Node& node = *nodes_[number];
  if (node.is_up()) return;
  note("boot " + std::to_string(number));
  RepoOptions options;
  options.new_replica_id = [this] {
    ReplicaId id;
    for (auto& byte : id.bytes) byte = static_cast<uint8_t>(random_());
    return id;
  };
  options.incarnation = "boot " + std::to_string(++node.boots);
  node.repo = must(Repo::open(node.disk.open(), std::move(options)));
  node.host = std::make_unique<Host>(
      *node.repo, HostOptions{.store_id = Bytes(16, static_cast<char>(number + 1)),
                              .right = [](const Peer&, BytesView) { return Right::merge; },
                              .intake = options_.intake});
  node.serving = std::make_unique<kj::TaskSet>(node.quiet);
  node.replicator =
      std::make_unique<Replicator>(*node.host, timer_,
                                   ReplicatorOptions{.wait_max = 8 * kj::SECONDS,
                                                     .random = [this] { return random_(); },
                                                     .intake = options_.intake});
  for (size_t peer : peers_[number]) {
    node.replicator->add("n" + std::to_string(peer),
                         [this, number, peer] { return dial(number, peer); });
  }
}

void Cluster::crash(size_t number) {
  Node& node = *nodes_[number];
  if (!node.is_up()) return;
  note("crash " + std::to_string(number));
  node.disk.crash(random_);
  for (auto& connected : wires_) {
    if (connected.left == number || connected.right == number) connected.wire->cut();
  }
  std::erase_if(wires_, [&](const Connected& c) { return c.left == number || c.right == number; });
  node.replicator.reset();
  node.serving.reset();
  scope_.poll();
  node.host.reset();
  node.repo.reset();
}

kj::Promise<kj::Own<kj::AsyncIoStream>> Cluster::dial(size_t from, size_t to) {
  return timer_.afterDelay(below(20) * kj::MILLISECONDS).then([this, from, to] {
    KJ_REQUIRE(nodes_[to]->is_up() && !apart(from, to), "nobody answers");
    Joined joined = join(timer_, random_, options_.delay, bytes_);
    nodes_[to]->serving->add(
        serve(*nodes_[to]->host, kj::mv(joined.right), {.name = "n" + std::to_string(from)}));
    wires_.push_back({from, to, joined.wire});
    return kj::mv(joined.left);
  });
}

// ---- What happens.

void Cluster::edit(size_t number) {
  Node& node = *nodes_[number];
  if (!node.is_up()) return;
  const bool durable = below(3) > 0;
  const uint64_t n = ++edits_;
  const int64_t delta = 1 + static_cast<int64_t>(below(9));
  const Bytes path = "e/" + std::to_string(below(4)) + "/" + std::to_string(n);
  Bytes gone;
  auto committed = node.repo->branch("main").transact(
      [&](Tx& tx) {
        gone.clear();
        tx.at<Counter>("total").add(delta);
        tx.set(path, Bytes(below(50) == 0 ? 3000 : 8, 'v'));
        auto names = must(tx.state()).list("t");
        if (names && !names->empty() && below(3) == 0) {
          gone = "t/" + (*names)[below(names->size())].name;
          tx.remove(gone);
        } else {
          tx.set("t/" + std::to_string(n), "temporary");
        }
        tx.set("shared/" + std::to_string(below(3)), std::to_string(n));
      },
      {.durability = durable ? Durability::durable : Durability::lazy});
  must(std::move(committed));
  note("edit " + std::to_string(number) + (durable ? " durable " : " lazy ") + path);
  promised_.counter_all += delta;
  if (!durable) return;
  promised_.counter_durable += delta;
  promised_.kept.insert(path);
  if (!gone.empty()) promised_.removed.insert(gone);
}

void Cluster::cut_crossing() {
  for (auto& connected : wires_) {
    if (apart(connected.left, connected.right)) connected.wire->cut();
  }
  std::erase_if(wires_, [&](const Connected& c) { return apart(c.left, c.right); });
}

void Cluster::act() {
  switch (below(12)) {
    case 0:
      crash(below(nodes_.size()));
      break;
    case 1:
      for (size_t i = 0; i < nodes_.size(); ++i) boot(i);
      break;
    case 2:
      for (int& group : groups_) group = static_cast<int>(below(2));
      note("partition");
      cut_crossing();
      break;
    case 3:
      groups_.assign(nodes_.size(), 0);
      note("heal");
      break;
    case 4:
      if (!wires_.empty()) {
        size_t at = below(wires_.size());
        note("cut");
        wires_[at].wire->cut();
        wires_.erase(wires_.begin() + static_cast<ptrdiff_t>(at));
      }
      break;
    default:
      edit(below(nodes_.size()));
  }
}

void Cluster::run_for(kj::Duration duration) {
  const kj::TimePoint end = timer_.now() + duration;
  for (;;) {
    scope_.poll();
    auto next = timer_.nextEvent();
    KJ_IF_MAYBE (when, next) {
      if (*when <= end) {
        timer_.advanceTo(kj::max(*when, timer_.now()));
        continue;
      }
    }
    timer_.advanceTo(end);
    scope_.poll();
    return;
  }
}

std::optional<std::string> Cluster::run() {
  try {
    for (int step = 0; step < options_.steps; ++step) {
      act();
      run_for(below(1500) * kj::MILLISECONDS);
    }
    note("the end begins");
    groups_.assign(nodes_.size(), 0);
    for (size_t i = 0; i < nodes_.size(); ++i) boot(i);
    run_for(20 * kj::SECONDS);
    // All at the same moment: whoever merges without the rule of rest does so for ever.
    for (size_t i = 0; i < nodes_.size(); ++i) edit(i);
    return check_end();
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (const kj::Exception& exception) {
    return exception.getDescription().cStr();
  }
}

// ---- What must be so.

std::vector<std::string> Cluster::heads() {
  std::vector<std::string> heads;
  for (auto& node : nodes_) {
    auto head = must(node->repo->branch("main").head());
    heads.push_back(head ? to_hex(head->hash) : "none");
  }
  return heads;
}

std::optional<std::string> Cluster::check_end() {
  auto equal = [&] {
    auto all = heads();
    return std::ranges::count(all, all.front()) == static_cast<ptrdiff_t>(all.size());
  };
  for (int i = 0; i < 60 && !equal(); ++i) run_for(2 * kj::SECONDS);
  if (!equal()) return "the nodes have not come to one head in two minutes";
  // Lazy edits may have been lost at crashes, so what is last heard is settled by now.
  run_for(20 * kj::SECONDS);
  const auto rested = heads();
  const uint64_t bytes = bytes_;
  run_for(60 * kj::SECONDS);
  if (heads() != rested) return "the heads still move";
  if (bytes_ != bytes) return "nodes at rest go on talking";
  note("head " + rested.front());
  for (auto& node : nodes_) {
    for (const auto& [peer, status] : node->replicator->status()) {
      if (!status.last_error || status.last_error->kind == Error::Kind::io) continue;
      return "between honest nodes: " + status.last_error->message;
    }
    must(node->repo->store().flush());
    if (auto wrong = check_state(*node->repo)) return wrong;
    auto report = must(
        check_store(node->repo->store().objects().backend(), {.depth = CheckOptions::Depth::deep}));
    if (!report.clean()) return "a store is damaged: " + report.problems.front().what;
  }
  return std::nullopt;
}

std::optional<std::string> Cluster::check_state(Repo& repo) {
  State state = must(repo.branch("main").state());
  const int64_t total = must(state.at<Counter>("total").value());
  if (total < promised_.counter_durable || total > promised_.counter_all) {
    return "the counter is " + std::to_string(total) + ", not within " +
           std::to_string(promised_.counter_durable) + " to " +
           std::to_string(promised_.counter_all);
  }
  for (const Bytes& path : promised_.kept) {
    if (!must(state.get(path))) return "an acknowledged edit is lost: " + path;
  }
  for (const Bytes& path : promised_.removed) {
    if (must(state.value(path))) return "what was removed is back: " + path;
  }
  return std::nullopt;
}

}  // namespace ukstore::tests
