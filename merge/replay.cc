#include <ukstore/merge/replay.h>

#include <ukstore/merge/changed_positions.h>
#include <ukstore/merge/replay_values.h>

#include <algorithm>

namespace ukstore {
namespace {

std::vector<Term> valued_terms(const Live& live) {
  std::vector<Term> terms = terms_of(live);
  std::erase_if(terms, [](const Term& term) { return !is_valued(term.kind); });
  return terms;
}

bool holds(const std::vector<Term>& terms, const Term& term) {
  return std::ranges::find(terms, term) != terms.end();
}

class Replayer {
 public:
  Replayer(const State& before, const State& after, Tx& tx, const TypeRegistry& types, Again again,
           Policy policy)
      : before_(before), after_(after), tx_(tx), types_(types), again_(again), policy_(policy) {}

  Result<ReplayOutcome> run() {
    auto ours = tx_.state();
    if (!ours) return pass_on(ours);
    auto changed = changed_positions(before_, after_);
    if (!changed) return pass_on(changed);
    for (const ChangedPosition& at : *changed) {
      if (auto ok = change_terms(*ours, at); !ok) return pass_on(ok);
      if (auto ok = change_values(*ours, at); !ok) return pass_on(ok);
    }
    auto done = tx_.state();
    if (!done) return pass_on(done);
    for (const ChangedPosition& at : *changed) {
      auto value = done->value(at.path);
      if (!value) return pass_on(value);
      if (*value && (*value)->is_conflict()) outcome_.conflicts.push_back(at.path);
    }
    return std::move(outcome_);
  }

 private:
  // Three-way on what files say at a path.
  Result<void> change_terms(const State& ours, const ChangedPosition& at) {
    std::vector<Term> before = valued_terms(at.before), after = valued_terms(at.after);
    if (before == after) return {};
    auto value = ours.value(at.path);
    if (!value) return pass_on(value);
    Live live = *value ? (*value)->live : Live();
    std::vector<Term> held = valued_terms(live), added;
    bool both_changed = held != before && held != after;
    if (both_changed && policy_ == Policy::ours) return {};
    for (const Term& term : after) {
      bool is_new = policy_ == Policy::theirs || !holds(before, term);
      if (is_new && !holds(held, term)) added.push_back(term);
    }
    size_t removed = std::erase_if(live, [&](const LiveEntry& entry) {
      Term term{entry.kind, entry.value};
      if (!is_valued(entry.kind) || holds(after, term)) return false;
      return holds(before, term) || policy_ == Policy::theirs;
    });
    if (removed > 0 || !added.empty()) tx_.rewrite(at.path, live, added);
    if (both_changed && after.empty() && !held.empty()) outcome_.kept.push_back(at.path);
    return {};
  }

  Result<void> change_values(const State& ours, const ChangedPosition& at) {
    for (Kind kind : at.kinds) {
      auto kept =
          replay_value({before_, after_, ours, at.path, kind, types_, again_, policy_}, tx_);
      if (!kept) return pass_on(kept);
      if (*kept == Kept::ours) outcome_.kept.push_back(at.path);
    }
    return {};
  }

  const State& before_;
  const State& after_;
  Tx& tx_;
  const TypeRegistry& types_;
  const Again again_;
  const Policy policy_;
  ReplayOutcome outcome_{};
};

}  // namespace

Result<ReplayOutcome> replay(const State& before, const State& after, Tx& tx,
                             const TypeRegistry& types, Again again, Policy policy) {
  return Replayer(before, after, tx, types, again, policy).run();
}

}  // namespace ukstore
