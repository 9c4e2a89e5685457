// What loss recovery and congestion control achieve over a simulated link.

#include <gtest/gtest.h>

#include "tcp_sim.h"

namespace ukstore::net::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kEnd = Time{} + std::chrono::hours(10);

TEST(TcpSim, AFileArrivesWholeAndEverythingIsFreed) {
  Options options;
  Sim sim(options);
  sim.client().to_write = 1'000'000;
  sim.open();
  EXPECT_EQ(sim.run(kEnd), "");
  EXPECT_EQ(sim.server().read, 1'000'000U);
  EXPECT_TRUE(sim.client().finished_reading);
  EXPECT_TRUE(sim.nothing_left());
}

// Loses the last segment of a flight that is otherwise fine.
TEST(TcpSim, ASingleLostTailNeedsNoTimeout) {
  for (uint64_t segments = 1; segments <= 12; ++segments) {
    Options options;
    Sim sim(options);
    sim.client().to_write = segments * 1448;
    sim.client().drops = [segments](uint64_t count) { return count == segments - 1; };
    uint32_t timeouts = 0;
    uint32_t probes = 0;
    sim.open();
    EXPECT_EQ(sim.run(kEnd,
                      [&] {
                        if (sim.client().connection) {
                          timeouts = sim.client().connection->statistics().timeouts;
                          probes = sim.client().connection->statistics().tail_probes;
                        }
                        return false;
                      }),
              "");
    EXPECT_EQ(sim.server().read, segments * 1448);
    EXPECT_EQ(timeouts, 0U) << segments;
    EXPECT_EQ(probes, 1U) << segments;
  }
}

TEST(TcpSim, ReorderingWithinAQuarterRoundTripRepeatsNothing) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Options options;
    options.seed = seed;
    options.up.jitter = milliseconds(24);
    Sim sim(options);
    sim.client().to_write = 300'000;
    uint32_t repeated = 0;
    sim.open();
    EXPECT_EQ(sim.run(kEnd,
                      [&] {
                        if (sim.client().connection) {
                          repeated = sim.client().connection->statistics().segments_retransmitted;
                        }
                        return false;
                      }),
              "");
    EXPECT_EQ(sim.server().read, 300'000U);
    EXPECT_EQ(repeated, 0U) << "seed " << seed;
  }
}

TEST(TcpSim, EightFlowsShareABottleneckFairly) {
  for (CongestionControl kind : {CongestionControl::cubic, CongestionControl::new_reno}) {
    Options options;
    options.flows = 8;
    options.client.congestion_control = kind;
    options.up = {.delay = milliseconds(20), .bytes_per_second = 500'000, .queue_bytes = 30'000};
    options.up.jitter = milliseconds(1);
    options.down.delay = milliseconds(20);
    Sim sim(options);
    for (size_t i = 0; i < 8; ++i) sim.client(i).to_write = uint64_t{1} << 40;
    sim.open();
    EXPECT_EQ(sim.run(sim.now() + seconds(10)), "");
    std::vector<double> before;
    for (size_t i = 0; i < 8; ++i) before.push_back(static_cast<double>(sim.server(i).read));
    EXPECT_EQ(sim.run(sim.now() + seconds(30)), "");
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 8; ++i) {
      double got = static_cast<double>(sim.server(i).read) - before[i];
      sum += got;
      squares += got * got;
    }
    double jain = sum * sum / (8 * squares);
    EXPECT_GE(jain, 0.95) << (kind == CongestionControl::cubic ? "CUBIC" : "NewReno");
    EXPECT_GE(sum, 0.85 * 500'000 * 30) << "the bottleneck is used";
  }
}

}  // namespace
}  // namespace ukstore::net::sim
