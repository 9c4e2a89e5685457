// The arithmetic of the clocks, with values worked out by hand.

#include <gtest/gtest.h>

#include <random>

#include <ukstore/libos/core/clock_math.h>

namespace libos_test {
namespace {

using namespace ukstore::libos;

// 2.6 GHz: a tick is 1/2.6 ns; halved ticks times 0.76923 * 2^32.
constexpr KvmSlope k2600MHz{3'303'820'997, -1}, k1000MHz{0x8000'0000, 1}, k500MHz{0x8000'0000, 2};

TEST(ClockMath, KvmsSlopeGivesNanosecondsAndTheFrequency) {
  EXPECT_EQ(kvm_ns(k1000MHz, 123'456'789), 123'456'789u);
  EXPECT_EQ(kvm_hz(k1000MHz), 1'000'000'000u);
  EXPECT_EQ(kvm_ns(k500MHz, 500'000'000), 1'000'000'000u);
  EXPECT_EQ(kvm_hz(k500MHz), 500'000'000u);
  EXPECT_EQ(kvm_ns(k2600MHz, 2'600'000'000), 1'000'000'000u);
  EXPECT_NEAR(static_cast<double>(kvm_hz(k2600MHz)), 2.6e9, 4);
  // Half a year of ticks does not overflow.
  EXPECT_NEAR(static_cast<double>(kvm_ns(k2600MHz, 2'600'000'000 * 15'768'000)), 15'768'000e9, 1e7);
}

TEST(ClockMath, ADeadlineInTicksIsNeverEarly) {
  EXPECT_EQ(ticks_of(0, 2'600'000'000), 1u);
  EXPECT_EQ(ticks_of(kNsPerSecond, 2'600'000'000), 2'600'000'001u);
  EXPECT_EQ(ticks_of(UINT64_MAX, 2'000'000'000), 7'200'000'000'001u);  // an hour
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    uint64_t hz = 100'000'000 + random() % 5'000'000'000, ns = random() % (3600 * kNsPerSecond);
    EXPECT_GE(multiply_divide(ticks_of(ns, hz), kNsPerSecond, hz), ns);
    EXPECT_LE(multiply_divide(ticks_of(ns, hz), kNsPerSecond, hz), ns + 10 + kNsPerSecond / hz);
  }
}

TEST(ClockMath, ThePitMayWrapWhileTheFrequencyIsRefined) {
  // 10 s at 2.6 GHz, first taken for a little less: 11,931,820 ticks of the PIT, 182 turns.
  constexpr uint64_t kTrue = 2'600'000'000, kGuess = 2'599'900'000;
  auto after = static_cast<uint16_t>(60'000 - 11'931'820);
  auto better = refined_hz(kGuess, kTrue * 10, 60'000, after);
  ASSERT_TRUE(better);
  EXPECT_NEAR(static_cast<double>(*better), 2.6e9, 300);
  EXPECT_EQ(pit_ticks(5, 65'535), 6u);
}

TEST(ClockMath, AFrequencyFarFromTheFirstIsNotBelieved) {
  EXPECT_FALSE(refined_hz(2'600'000'000, 26'000'000, 40'000, 40'000 - 10'000));
  EXPECT_FALSE(refined_hz(2'600'000'000, 0, 7, 7));
}

}  // namespace
}  // namespace libos_test
