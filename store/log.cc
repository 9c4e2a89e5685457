#include <ukstore/store/history.h>
#include <ukstore/store/walk.h>

#include <unordered_set>

namespace ukstore {

struct Log::State {
  static constexpr uint32_t kHidden = 1;

  State(const CommitSource& source, LogOptions options_in, WalkBudget& budget)
      : options(std::move(options_in)), walk(source, budget) {
    walk.count_without(kHidden);
  }

  LogOptions options;
  CommitWalk walk;
  std::unordered_set<Hash> stops;
};

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::Log(Log&&) noexcept = default;
Log::~Log() = default;

Result<Log> Log::start(const CommitSource& source, std::span<const ObjectRef> starts,
                       LogOptions options, WalkBudget& budget) {
  auto state = std::make_unique<State>(source, std::move(options), budget);
  for (const ObjectRef& ref : starts) {
    if (auto met = state->walk.start(ref, 0); !met) return pass_on(met);
  }
  for (const ObjectRef& ref : state->options.hide) {
    if (auto met = state->walk.start(ref, State::kHidden); !met) return pass_on(met);
  }
  for (const ObjectRef& ref : state->options.stop_at) state->stops.insert(ref.hash);
  return Log(std::move(state));
}

Result<std::optional<WalkedCommit>> Log::next() {
  CommitWalk& walk = state_->walk;
  while (walk.queued_without() > 0) {
    uint32_t number = *walk.pop();
    const uint32_t paint = walk.node(number).paint;
    const WalkedCommit commit = walk.walked(number);
    bool hidden = paint & State::kHidden;
    if (!hidden && state_->options.filter && state_->options.filter(commit) == Step::skip) continue;
    const CommitLinks links = walk.node(number).links;
    bool goes_on = hidden || !state_->stops.contains(commit.ref.hash);
    for (size_t i = 0; goes_on && i < links.parent_count(); ++i) {
      if (auto met = walk.meet(links.parent(i), paint); !met) return pass_on(met);
    }
    if (!hidden) return commit;
  }
  return std::nullopt;
}

}  // namespace ukstore
