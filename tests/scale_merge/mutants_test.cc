// The law kit is tested by wrong merges that it must catch, each within 1,000 histories.
#include <ukstore/tests/scale_merge/mutants.h>

#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/scale_merge/paths.h>

#include <gtest/gtest.h>

#include <iostream>

namespace ukstore::tests {
namespace {

// By what the state shows or by bytes that differ, not by a short cut that goes wrong, so that the
// histories found are the ones that users would suffer.
template <class Subject>
void expect_caught(const Subject& subject, const char* who, laws::Rules rules = {}) {
  rules.short_cuts = laws::Rules::ShortCuts::not_checked;
  auto report = laws::check(subject, laws::Options{.histories = 1'000, .rules = rules});
  ASSERT_TRUE(report.failure) << who << " passes " << report.histories << " histories";
  std::cout << who << ", after " << report.histories << " histories:\n"
            << report.failure->text() << "\n";
  EXPECT_FALSE(report.failure->drawing.empty());
}

template <class T>
void expect_caught(const char* who) {
  expect_caught(laws::StaticSubject<T>{}, who);
}

// By the exhaustive search alone, which says the same every time.
template <class T>
void expect_caught_small() {
  auto report = laws::check(laws::StaticSubject<T>{}, laws::Options{.histories = 0});
  EXPECT_TRUE(report.failure) << report.small_histories << " small histories pass";
}

struct RealTypes {
  std::unique_ptr<Backend> backend = make_memory_backend();
  ObjectStore objects{*backend};
  PathSubject of(const std::string& name) const {
    for (const NamedMix& mix : mixes()) {
      if (mix.name == name) return PathSubject(objects, mix);
    }
    std::abort();
  }
};

TEST(TheKitCatches, TakingTheFirstOfSeveralBases) {
  laws::Rules first{.bases = laws::Rules::Bases::first_only};
  for (const char* type : {"counter", "set", "multi-value register", "flag", "bytes"}) {
    expect_caught(RealTypes().of(type), type, first);
  }
}
TEST(TheKitCatches, MergingWithoutTheRuleOfRest) {
  expect_caught(RealTypes().of("counter"), "a counter without the rule of rest",
                {.at_rest = laws::Rules::AtRest::merges_on});
}
TEST(TheKitCatches, APlainThreeWaySet) {
  expect_caught<PlainSet>("plain set");
  expect_caught_small<PlainSet>();
}
TEST(TheKitCatches, OneDotForEachElement) {
  expect_caught<OneDotSet>("one dot per element");
  expect_caught_small<OneDotSet>();
}
TEST(TheKitCatches, APositionalQueue) {
  expect_caught<PositionalQueue>("positional queue");
  expect_caught_small<PositionalQueue>();
}
TEST(TheKitCatches, TheLogThatLosesEntries) {
  expect_caught<BlobLog>("blob log");
  expect_caught_small<BlobLog>();
}
TEST(TheKitCatches, TheLogThatDoublesEntries) {
  expect_caught<LinkedLog>("linked log");
  expect_caught_small<LinkedLog>();
}
TEST(TheKitCatches, TheDivergentFlag) {
  expect_caught<PairFlag>("divergent flag");
  expect_caught_small<PairFlag>();
}
TEST(TheKitCatches, AClampedCounter) {
  expect_caught<ClampedCounter>("clamped counter");
  expect_caught_small<ClampedCounter>();
}
TEST(TheKitCatches, ACounterWhoseEqualBytesHideTwoOperations) {
  expect_caught<ShortCutCounter>("short-cut counter");
  expect_caught_small<ShortCutCounter>();
}

}  // namespace
}  // namespace ukstore::tests
