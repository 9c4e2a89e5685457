// Properties of the connection over adversarial links and under forged segments.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tcp_script.h"
#include "tcp_sim.h"

namespace ukstore::net::sim {
namespace {

using std::chrono::milliseconds;

constexpr int kRunsPerCase = 1;  // RapidCheck makes the cases

double chance(int percent_max) { return *rc::gen::inRange(0, percent_max + 1) / 100.0; }

Feature feature() { return *rc::gen::element(Feature::on, Feature::off); }

Config any_config() {
  Config config;
  config.mss = *rc::gen::element<uint16_t>(100, 536, 1460, 8960);
  config.window_scaling = feature();
  config.sack = feature();
  config.timestamps = feature();
  config.nagle = feature();
  config.congestion_control = *rc::gen::element(
      CongestionControl::cubic, CongestionControl::new_reno, CongestionControl::westwood);
  config.receive_buffer_bytes = *rc::gen::element(2'000U, 20'000U, 65'536U, 300'000U);
  config.receive_buffer_bytes_max = config.receive_buffer_bytes * *rc::gen::inRange(1U, 5U);
  config.send_buffer_bytes = *rc::gen::element(1'000U, 16'384U, 262'144U);
  return config;
}

Link any_link() {
  Link link;
  link.delay = milliseconds(*rc::gen::inRange(0, 150));
  link.jitter = milliseconds(*rc::gen::element(0, 1, 30, 200));
  link.loss = chance(10);
  link.duplication = chance(10);
  if (*rc::gen::arbitrary<bool>()) {
    link.bytes_per_second = *rc::gen::inRange(20'000U, 2'000'000U);
    link.queue_bytes = *rc::gen::inRange(5'000U, 100'000U);
  }
  return link;
}

Options any_options() {
  Options options;
  options.client = any_config();
  options.server = any_config();
  options.up = any_link();
  options.down = any_link();
  options.caps.tso4 = *rc::gen::arbitrary<bool>();
  options.client_iss = {*rc::gen::element(0U, 0x7fff'f000U, 0xffff'f000U, 0xffff'ffffU)};
  options.client_ts_offset = *rc::gen::element(0U, 0xfff0'0000U, 0x7ff0'0000U);
  return options;
}

// The stream delivered is the stream sent, whatever the link does; then nothing is left. The
// simulation checks the invariants of both ends after every step.
RC_GTEST_PROP(TcpProperty, TheStreamArrivesWholeAndNothingIsLeft, ()) {
  Options options = any_options();
  auto up = *rc::gen::inRange<uint64_t>(0, 40'000);
  auto down = *rc::gen::inRange<uint64_t>(0, 40'000);
  auto read_chunk = *rc::gen::element<size_t>(1 << 20, 1'000, 100);
  auto pause = milliseconds(*rc::gen::element(0, 1, 50));
  auto seed = *rc::gen::arbitrary<uint32_t>();
  for (int i = 0; i < kRunsPerCase; ++i) {
    options.seed = uint64_t{seed} + static_cast<uint64_t>(i);
    Sim sim(options);
    sim.client().to_write = up;
    sim.server().to_write = down;
    sim.server().read_chunk = read_chunk;
    sim.server().read_pause = pause;
    sim.open();
    std::string problem = sim.run(options.start + std::chrono::hours(24));
    RC_ASSERT(problem == "");
    RC_ASSERT(sim.server().read == up);
    RC_ASSERT(sim.client().read == down);
    RC_ASSERT(sim.nothing_left());
  }
}

// Forged segments with fields near the truth: what is delivered stays a prefix of what an honest
// peer could have sent at those places, the invariants hold, and answers are bounded.
RC_GTEST_PROP(TcpProperty, ForgedSegmentsBreakNoInvariant, ()) {
  Config config = any_config();
  std::mt19937_64 random(*rc::gen::arbitrary<uint32_t>());
  auto below = [&random](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  for (int run = 0; run < kRunsPerCase; ++run) {
    Time now{std::chrono::seconds(50)};
    Opening opening{.iss = {0xffff'fff0}, .irs = {0xffff'ff80}, .peer_mss = 1000, .sack = true};
    opening.offered_window = static_cast<uint16_t>(std::min(config.receive_buffer_bytes, 65535U));
    Connection connection = Connection::accepted(now, config, opening);
    uint64_t read = 0;
    size_t challenges = 0;
    for (int step = 0; step < 200 && connection.state() != State::closed; ++step) {
      SeqNumber rcv = connection.receiver().nxt();
      uint32_t window = static_cast<uint32_t>(distance(rcv, connection.receiver().edge()));
      SeqNumber seq = rcv + below(2 * window + 200) - below(200);
      TcpHeader header{.seq = seq};
      header.ack = connection.sender().una() + below(4000) - below(100);
      header.flags = {.fin = below(50) == 0,
                      .syn = below(20) == 0,
                      .rst = below(20) == 0,
                      .ack = below(10) != 0};
      header.window = static_cast<uint16_t>(random());
      for (uint32_t blocks = below(4); blocks > 0; --blocks) {
        SeqNumber begin = connection.sender().una() + below(4000) - below(1000);
        header.options.sack.push({begin, begin + below(3000) - below(100)});
      }
      auto position = static_cast<uint64_t>(static_cast<uint32_t>(distance(opening.irs + 1, rcv)));
      uint64_t at = position + (1 << 20) + static_cast<uint64_t>(distance(rcv, seq)) - (1 << 20);
      std::string payload = script::stream_bytes(at, below(3) == 0 ? below(3000) : 0);
      SegmentView segment{.header = header,
                          .payload = Buf::copy_of(std::as_bytes(std::span(payload)))};
      if (static_cast<int64_t>(at) < 0) segment.payload = Buf();
      connection.on_segment(now, segment);
      RC_ASSERT(connection.broken_invariant() == "");
      std::string written(below(2000), 'x');
      connection.on_write(now, std::as_bytes(std::span(written)));
      std::string out(below(3000), '\0');
      out.resize(connection.on_read(now, std::as_writable_bytes(std::span(out))));
      RC_ASSERT(out == script::stream_bytes(read, out.size()));
      read += out.size();
      size_t plans = 0;
      while (auto plan = connection.next_segment(now, {})) {
        RC_ASSERT(++plans < 1000U);
        RC_ASSERT(connection.broken_invariant() == "");
        if (plan->length == 0) ++challenges;
      }
      now += milliseconds(below(5) == 0 ? below(400) : 0);
      connection.on_time(now);
      RC_ASSERT(connection.broken_invariant() == "");
      RC_ASSERT(connection.deadline() > now || connection.next_segment(now, {}).has_value());
    }
    RC_ASSERT(challenges <= 600U);
  }
}

}  // namespace
}  // namespace ukstore::net::sim
