#pragma once
// All small histories of a type: most wrong merges fail in one of them.

#include <ukstore/merge/laws/world.h>

namespace ukstore::laws {

struct SmallScope {
  size_t replicas = 3;
  size_t ops = 4;
  size_t merges = 3;
};

// Depth first over all steps, going back after each.  Steps that do not meet (of different
// replicas) are tried in one order only, replicas are numbered by first use, and merges that change
// nothing are left out: none of this loses a history.
template <Subject T>
class Exhaustive {
 public:
  Exhaustive(const T& type, Rules rules, SmallScope scope)
      : world_(type, rules), scope_(scope), ops_(type.small_ops()) {}

  void run() {
    world_.start(static_cast<uint32_t>(scope_.replicas), true);
    go_on(0, 0, 0, {});
  }
  uint64_t histories() const { return histories_; }
  const std::optional<Broken>& broken() const { return world_.broken(); }
  const std::string& drawing() const { return drawing_; }

 private:
  struct Last {
    bool is_op = false;
    size_t replica = 0;
  };

  void go_on(size_t ops, size_t merges, size_t used, Last last) {
    ++histories_;
    if (ops < scope_.ops) {
      for (size_t r = 0; r < std::min(used + 1, scope_.replicas); ++r) {
        // Two operations of different replicas in a row: the lower replica first.
        if (last.is_op && r < last.replica) continue;
        for (const auto& op : ops_) {
          auto mark = world_.mark();
          world_.commit(r, std::span(&op, 1));
          if (stop()) return;
          go_on(ops + 1, merges, std::max(used, r + 1), {true, r});
          if (stop()) return;
          world_.back_to(mark);
        }
      }
    }
    if (merges < scope_.merges && ops > 0) {
      for (size_t to = 0; to < std::min(used + 1, scope_.replicas); ++to) {
        for (size_t from = 0; from < used; ++from) {
          auto mark = world_.mark();
          auto before = world_.head(to);
          world_.pull(to, from);
          if (stop()) return;
          if (world_.head(to) != before) {
            go_on(ops, merges + 1, std::max(used, to + 1), {});
            if (stop()) return;
          }
          world_.back_to(mark);
        }
      }
    }
  }
  bool stop() {
    if (!world_.broken()) return false;
    if (drawing_.empty()) drawing_ = world_.graph().drawing();
    return true;
  }

  World<T> world_;
  const SmallScope scope_;
  const std::vector<typename T::Op> ops_;
  uint64_t histories_ = 0;
  std::string drawing_;
};

}  // namespace ukstore::laws
