#pragma once
// How transactions of a store make replays (replay.h).

#include <ukstore/merge/replay.h>
#include <ukstore/merge/replica.h>

namespace ukstore {

class ReplayOntoBranch {
 public:
  // All are borrowed.
  ReplayOntoBranch(Transaction& transaction, const TypeRegistry& types, const Writers& writers,
                   const Bytes& branch)
      : transaction_(transaction), types_(types), writers_(writers), branch_(branch) {}

  // What a commit holds, and what the parent that it is compared with holds (nothing, if it has
  // none).
  Result<State> state_of(const ObjectRef& commit) const;
  Result<State> state_before(const ObjectRef& commit, const ReplayOptions& options) const;
  // Replays the difference onto the branch; `Always::yes` commits even if nothing changes.
  enum class Always { no, yes };
  Result<ReplayOutcome> commit(const State& before, const State& after,
                               const ReplayOptions& options, Always always);

 private:
  Transaction& transaction_;
  const TypeRegistry& types_;
  const Writers& writers_;
  const Bytes& branch_;
};

}  // namespace ukstore
