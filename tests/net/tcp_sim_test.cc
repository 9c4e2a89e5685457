// What loss recovery and congestion control achieve over a simulated link.

#include <gtest/gtest.h>

#include <ukstore/tests/counts.h>

#include <algorithm>

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

// Slow start doubles the window each round trip; a loss takes it down by a share, a timeout to one
// segment, and from then on it grows slowly (RFC 5681).
TEST(TcpSim, SlowStartDoublesAndALossHalves) {
  for (CongestionControl kind : {CongestionControl::cubic, CongestionControl::new_reno}) {
    Options options;
    options.client.congestion_control = kind;
    options.server.receive_buffer_bytes = options.server.receive_buffer_bytes_max = 4 << 20;
    options.client.send_buffer_bytes = 8 << 20;
    Sim sim(options);
    sim.client().to_write = uint64_t{1} << 40;
    uint64_t lost = 0;
    sim.client().drops = [&lost](uint64_t count) { return count == 500 && ++lost > 0; };
    sim.open();
    std::vector<uint32_t> windows;
    for (int round = 0; round < 12; ++round) {
      ASSERT_EQ(sim.run(sim.now() + milliseconds(100)), "");
      windows.push_back(sim.client().connection->sender().congestion().cwnd());
    }
    // The handshake takes the first round trip.
    for (size_t round = 2; round < 6; ++round)
      EXPECT_NEAR(windows[round], 2.0 * windows[round - 1], 0.1 * windows[round]) << round;
    ASSERT_EQ(lost, 1U);
    uint32_t peak = *std::max_element(windows.begin(), windows.end());
    double share = kind == CongestionControl::cubic ? 0.7 : 0.5;
    EXPECT_NEAR(windows.back(), share * peak, 0.1 * peak);
    // Now nothing gets through: one segment after the timeout.
    sim.client().drops = [](uint64_t) { return true; };
    ASSERT_EQ(sim.run(sim.now() + seconds(3)), "");
    EXPECT_LE(sim.client().connection->sender().congestion().cwnd(), 2U * 1460);
  }
}

// What a duplicate makes the peer acknowledge echoes a segment long gone, however late that is:
// were it taken for a round trip, timeouts would grow from one to the next until nothing moves.
TEST(TcpSim, LossesDoNotStretchTheRoundTrip) {
  for (uint64_t seed = 1; seed <= static_cast<uint64_t>(tests::count(1, 3)); ++seed) {
    Options options;
    options.seed = seed;
    options.up.loss = options.down.loss = 0.2;
    Sim sim(options);
    sim.client().to_write = uint64_t{1} << 40;
    sim.open();
    Duration most{};
    EXPECT_EQ(sim.run(sim.now() + std::chrono::minutes(20),
                      [&] {
                        if (sim.client().connection)
                          most = std::max(most, sim.client().connection->sender().rtt().srtt());
                        return false;
                      }),
              "");
    EXPECT_LE(most, milliseconds(300)) << "seed " << seed;
    EXPECT_GE(sim.server().read, 20U * 60 * 4000) << "seed " << seed;
  }
}

// Auto-tuning: the window follows a reader that keeps up, and not one that does not.
TEST(TcpSim, TheReceiveBufferGrowsForAReaderThatKeepsUp) {
  for (bool slow : {false, true}) {
    Options options;
    Sim sim(options);
    sim.client().to_write = uint64_t{1} << 40;
    if (slow) {
      sim.server().read_chunk = 2000;
      sim.server().read_pause = milliseconds(100);
    }
    sim.open();
    ASSERT_EQ(sim.run(sim.now() + seconds(5)), "");
    uint32_t limit = sim.server().connection->receiver().limit();
    if (slow) {
      EXPECT_EQ(limit, options.server.receive_buffer_bytes);
    } else {
      EXPECT_GT(limit, 1U << 20);
      EXPECT_LE(limit, options.server.receive_buffer_bytes_max);
    }
  }
}

TEST(TcpSim, EightFlowsShareABottleneckFairly) {
  const int length = tests::count(12, 30);
  for (CongestionControl kind :
       {CongestionControl::westwood, CongestionControl::cubic, CongestionControl::new_reno}) {
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
    EXPECT_EQ(sim.run(sim.now() + seconds(length)), "");
    double sum = 0, squares = 0;
    for (size_t i = 0; i < 8; ++i) {
      double got = static_cast<double>(sim.server(i).read) - before[i];
      sum += got;
      squares += got * got;
    }
    double jain = sum * sum / (8 * squares);
    EXPECT_GE(jain, 0.95) << "control " << static_cast<int>(kind);
    EXPECT_GE(sum, 0.85 * 500'000 * length) << "the bottleneck is used";
  }
}

// What is not CUBIC must leave CUBIC its share.
TEST(TcpSim, WestwoodAndCubicShareABottleneck) {
  Options options;
  options.flows = 8;
  options.controls = {CongestionControl::westwood, CongestionControl::cubic};
  options.up = {.delay = milliseconds(20), .bytes_per_second = 500'000, .queue_bytes = 30'000};
  options.up.jitter = milliseconds(1);
  options.down.delay = milliseconds(20);
  Sim sim(options);
  for (size_t i = 0; i < 8; ++i) sim.client(i).to_write = uint64_t{1} << 40;
  sim.open();
  EXPECT_EQ(sim.run(sim.now() + seconds(20)), "");
  double of_each[2] = {};
  for (size_t i = 0; i < 8; ++i) of_each[i % 2] += static_cast<double>(sim.server(i).read);
  EXPECT_GE(std::min(of_each[0], of_each[1]), 0.4 * (of_each[0] + of_each[1]));
}

}  // namespace
}  // namespace ukstore::net::sim
