#pragma once
// A cluster of nodes in one thread: disks, links, clock and chance all come from one seed, so a
// seed replays exactly.

#include <ukstore/sync/replicator.h>

#include <set>

#include "disk.h"
#include "link.h"

namespace ukstore::tests {

struct ClusterOptions {
  size_t nodes = 3;
  int steps = 40;
  IntakeOptions intake{};  // where bugs are planted
  Disk::Order disk = Disk::Order::together;
  Delay delay{0 * kj::MILLISECONDS, 50 * kj::MILLISECONDS};  // equal: nodes go in lockstep
};

class Cluster {
 public:
  Cluster(uint64_t seed, ClusterOptions options);
  ~Cluster();

  // Random edits, crashes, cuts and partitions; then all is healed and runs on.  What is wrong in
  // the end, in words; nullopt if nothing.
  std::optional<std::string> run();

  // What happened, to compare two runs: every action, and the heads at the end.
  const std::string& trace() const { return trace_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Node;
  struct Connected {
    size_t left, right;
    std::shared_ptr<Wire> wire;
  };
  // What an edit promised.
  struct Promised {
    int64_t counter_durable = 0, counter_all = 0;
    std::set<Bytes> kept;     // paths that are there for good
    std::set<Bytes> removed;  // paths that were seen and removed, for good
  };

  void boot(size_t node);
  void crash(size_t node);
  void edit(size_t node);
  void act();
  void heal();
  void run_for(kj::Duration duration);
  kj::Promise<kj::Own<kj::AsyncIoStream>> dial(size_t from, size_t to);
  bool apart(size_t a, size_t b) const { return groups_[a] != groups_[b]; }
  void cut_crossing();
  std::vector<std::string> heads();
  std::optional<std::string> check_end();
  std::optional<std::string> check_state(Repo& repo);
  void note(const std::string& what);
  size_t below(size_t end) { return random_() % end; }

  std::mt19937_64 random_;
  const ClusterOptions options_;
  kj::EventLoop loop_;
  kj::WaitScope scope_;
  kj::TimerImpl timer_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::set<size_t>> peers_;  // whom each node dials
  std::vector<int> groups_;              // nodes of one group reach each other
  std::vector<Connected> wires_;
  Promised promised_;
  uint64_t bytes_ = 0;
  uint64_t edits_ = 0;
  std::string trace_;
};

}  // namespace ukstore::tests
