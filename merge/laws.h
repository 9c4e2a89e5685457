#pragma once
// The law kit: does a type merge by its meaning over any history?
//
//     auto report = laws::check<Max>();          // a Mergeable with a specification
//     if (report.failure) std::cerr << report.failure->text();
//
// The kit runs random histories of 2 to 6 replicas with forks, deletions, merges, criss-cross and
// octopus merges, concurrent pulls, ordinary merges, crashes and reloads, and all small histories
// (3 replicas, 4 operations, 3 merges).  After every commit it compares the view of the state with
// an operational specification, a function of the operations alone and of who saw what, and it
// checks that equal operations give equal bytes, that merging commutes, that short cuts and the
// order of octopus merges do not matter, that encodings are canonical, and that pulls come to rest.
// A history that breaks a law is cut down to a small one and drawn.
//
// A type that passes is not proved lawful; every wrong merge that its authors know of is caught by
// a few hundred histories (tests/merge/mutants_test.cc).
//
// Beside what `Mergeable` asks for (mergeable.h) a type tells the kit, as static functions:
//     using View = ...;                                    // compares
//     static View view(const State&);                      // what users see
//     static View spec(const laws::History<Op>&);          // what they should see
//     static Op random_op(laws::Random&);
//     static std::string print(const Op&);
//     static std::vector<Op> small_ops();                  // two or three, for small histories

#include <ukstore/merge/laws/exhaustive.h>
#include <ukstore/merge/laws/world.h>
#include <ukstore/merge/mergeable.h>

namespace ukstore::laws {

struct Options {
  uint64_t histories = 1'000;
  uint64_t seed = 1;
  size_t steps = 40;  // of the longest history
  Rules rules{};
  SmallScope small{};  // how far the exhaustive search goes
};

struct Failure {
  std::string law;
  std::string detail;
  uint64_t seed = 0;    // of the history that failed first; 0 if the exhaustive search found it
  std::string drawing;  // the smallest history found that fails

  std::string text() const {
    return "broken: " + law + " (" + detail + ")\nhistory " + std::to_string(seed) +
           ", cut down:\n" + drawing;
  }
};

struct Report {
  uint64_t histories = 0;
  uint64_t commits = 0;
  uint64_t merges = 0;
  uint64_t merges_with_several_bases = 0;
  uint64_t small_histories = 0;
  std::optional<Failure> failure;
};

// A Mergeable with static functions as a subject.
template <class T>
struct StaticSubject {
  using State = typename T::State;
  using Op = typename T::Op;
  using View = typename T::View;
  State initial() const { return T::initial(); }
  State apply(const State& state, const Op& op, const Dot& dot) const {
    return T::apply(state, op, dot);
  }
  Result<State> merge(const State& base, const State& ours, const State& theirs) const {
    return T::merge(base, ours, theirs);
  }
  Bytes encode(const State& state) const { return T::encode(state); }
  Result<State> decode(BytesView bytes) const { return T::decode(bytes); }
  View view(const State& state) const { return T::view(state); }
  View spec(const History<Op>& history) const { return T::spec(history); }
  Op random_op(Random& random) const { return T::random_op(random); }
  std::string print(const Op& op) const { return T::print(op); }
  std::vector<Op> small_ops() const { return T::small_ops(); }
};

// Runs one script and gives what it broke.
template <Subject T>
std::optional<Broken> run(const T& type, const Script& script, Rules rules, std::string* drawing) {
  World<T> world(type, rules);
  world.run(script);
  world.check_end();
  if (drawing) *drawing = world.graph().drawing();
  return world.broken();
}

// The script without what it does not need to fail.
template <Subject T>
Script shrink(const T& type, Script script, Rules rules) {
  auto fails = [&](const Script& smaller) {
    return run(type, smaller, rules, nullptr).has_value();
  };
  for (size_t chunk = std::max<size_t>(script.steps.size() / 2, 1);;) {
    bool shorter = false;
    for (size_t at = 0; at < script.steps.size();) {
      Script smaller = script;
      auto from = smaller.steps.begin() + static_cast<ptrdiff_t>(at);
      size_t count = std::min(chunk, smaller.steps.size() - at);
      smaller.steps.erase(from, from + static_cast<ptrdiff_t>(count));
      if (fails(smaller)) {
        script = std::move(smaller);
        shorter = true;
      } else {
        at += chunk;
      }
    }
    if (chunk > 1) {
      chunk /= 2;
    } else if (!shorter) {
      break;
    }
  }
  while (script.replicas > 1) {
    Script smaller = script;
    --smaller.replicas;
    if (!fails(smaller)) break;
    script = std::move(smaller);
  }
  return script;
}

// Random histories alone.
template <Subject T>
Report check_random(const T& type, const Options& options) {
  Report report;
  for (uint64_t i = 0; i < options.histories && !report.failure; ++i) {
    Script script = random_script(options.seed + i, options.steps);
    World<T> world(type, options.rules);
    world.run(script);
    world.check_end();
    ++report.histories;
    report.commits += world.graph().size();
    report.merges += world.merges();
    report.merges_with_several_bases += world.merges_with_several_bases();
    if (!world.broken()) continue;
    Failure failure{.seed = options.seed + i};
    Script small = shrink(type, script, options.rules);
    auto broken = run(type, small, options.rules, &failure.drawing);
    failure.law = broken->law;
    failure.detail = broken->detail;
    report.failure = std::move(failure);
  }
  return report;
}

// Random histories, then all small ones.
template <Subject T>
Report check(const T& type, const Options& options) {
  Report report = check_random(type, options);
  if (report.failure) return report;
  Exhaustive<T> search(type, options.rules, options.small);
  search.run();
  report.small_histories = search.histories();
  if (search.broken()) {
    report.failure = Failure{search.broken()->law, search.broken()->detail, 0, search.drawing()};
  }
  return report;
}

template <Mergeable T>
Report check(const Options& options = {}) {
  return check(StaticSubject<T>{}, options);
}

}  // namespace ukstore::laws
