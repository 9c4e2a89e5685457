// The built-in types under the law kit.
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/scale_merge/paths.h>
#include <ukstore/tests/scale_merge/speed.h>

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

namespace ukstore::tests {
namespace {

class EveryType : public testing::TestWithParam<NamedMix> {
 protected:
  std::unique_ptr<Backend> backend_ = make_memory_backend();
  ObjectStore objects_{*backend_};
};

void say(const std::string& name, const laws::Report& report,
         std::chrono::steady_clock::time_point since) {
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - since;
  std::cout << "  " << name << ": " << report.histories << " random histories, " << report.commits
            << " commits, " << report.merges << " merges, " << report.merges_with_several_bases
            << " with several bases; " << report.small_histories << " small histories; "
            << seconds.count() << " s\n";
}

TEST_P(EveryType, ObeysTheLawsInRandomHistories) {
  auto since = std::chrono::steady_clock::now();
  PathSubject subject(objects_, GetParam());
  laws::Options options{.histories = static_cast<uint64_t>(count(40, 1'000, 100'000)), .steps = 30};
  auto report = laws::check_random(subject, options);
  EXPECT_FALSE(report.failure) << report.failure->text();
  say(GetParam().name, report, since);
}

TEST_P(EveryType, ObeysTheLawsInAllSmallHistories) {
  auto since = std::chrono::steady_clock::now();
  PathSubject subject(objects_, GetParam());
  laws::SmallScope small{.replicas = 3,
                         .ops = static_cast<size_t>(count(3, 3, 4)),
                         .merges = static_cast<size_t>(count(1, 2, 3))};
  auto report = laws::check(subject, laws::Options{.histories = 0, .small = small});
  EXPECT_FALSE(report.failure) << report.failure->text();
  say(GetParam().name, report, since);
}

std::string word(const testing::TestParamInfo<NamedMix>& info) {
  std::string text;
  for (char c : info.param.name) text.push_back(std::isalnum(c) ? c : '_');
  return text;
}
INSTANTIATE_TEST_SUITE_P(Laws, EveryType, testing::ValuesIn(mixes()), word);

}  // namespace
}  // namespace ukstore::tests
