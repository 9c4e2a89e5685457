// Two whole hosts over a link whose mischief the input decides: what it loses, doubles, damages,
// delays and swaps, and when; and what the applications write, read and close meanwhile.  Then the
// link turns honest.  Each side must get the other's stream whole, and afterwards nothing may be
// left.

#include <ukstore/tests/fuzz/input.h>
#include <ukstore/tests/net/two_hosts.h>
#include <algorithm>
#include <cstdlib>

namespace ukstore::net {
namespace {

using fuzz::Input;

void require(bool holds) {
  if (!holds) std::abort();
}

std::byte stream_byte(uint64_t at) { return static_cast<std::byte>(at * 7 + at / 251); }

// One end's application: it writes a stream and checks the other's.
struct End {
  Stack& stack;
  TcpId id;
  uint64_t allowed = 0;  // it may have written so much by now
  uint64_t written = 0;
  uint64_t read = 0;
  uint64_t expected = 0;  // the length of the other's stream, once that is known
  bool finished = false;  // it has written all it will
  bool shut = false;
  bool closed = false;

  void step(Time now) {
    if (id == TcpId{} || closed) return;
    TcpHost& tcp = stack.tcp();
    const Connection* connection = tcp.find(id);
    require(connection->failure() == Failure::none);
    if (connection->state() == State::syn_sent) return;
    while (written < allowed) {
      std::array<std::byte, 1024> block;
      size_t count = std::min<uint64_t>(allowed - written, block.size());
      for (size_t i = 0; i < count; ++i) block[i] = stream_byte(written + i);
      size_t taken = tcp.write(now, id, ByteSpan(block).first(count));
      written += taken;
      if (taken < count) break;
    }
    if (finished && written == allowed && !shut) {
      tcp.shutdown_write(now, id);
      shut = true;
    }
    std::array<std::byte, 4096> block;
    while (size_t got = tcp.read(now, id, block))
      for (size_t i = 0; i < got; ++i) require(block[i] == stream_byte(read++));
    if (!shut || !tcp.find(id)->end_of_stream()) return;
    require(read == expected);
    tcp.close(now, id);
    closed = true;
  }
};

StackConfig config_of(const char* cidr, uint64_t key, uint8_t choice) {
  StackConfig config = host_config(cidr, key);
  auto feature = [choice](int bit) { return choice >> bit & 1 ? Feature::off : Feature::on; };
  config.tcp.config.sack = feature(0);
  config.tcp.config.timestamps = feature(1);
  config.tcp.config.window_scaling = feature(2);
  config.tcp.config.receive_buffer_bytes = choice & 8 ? 2000 : 65'536;
  config.tcp.config.user_timeout = std::chrono::hours(24);
  config.tcp.config.connect_timeout = std::chrono::hours(24);
  return config;
}

LinkQuality quality_from(Input& in) {
  auto share = [&in] { return (in.byte() & 63) / 256.0; };  // a quarter at most
  return {.loss = share(),
          .duplication = share(),
          .corruption = share(),
          .reordering = share(),
          .delay = std::chrono::milliseconds(in.byte()),
          .jitter = std::chrono::milliseconds(in.byte() & 31)};
}

}  // namespace
}  // namespace ukstore::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ukstore::net;
  if (size > 400) return 0;
  Input in(data, size);
  uint8_t choice = in.byte();
  TwoHosts hosts(in.byte(), choice & 1 ? kAllCaps : kNoCaps,
                 config_of("10.0.0.1/24", 11, in.byte()), config_of("10.0.0.2/24", 22, in.byte()));
  std::array<int, 2> to_lose{};
  hosts.link.set_filter([&to_lose](LinkEnd from, ByteSpan) {
    int& left = to_lose[from == LinkEnd::left ? 0 : 1];
    return left == 0 || left-- == 0;
  });
  ListenerId listener = *hosts.right.tcp().listen({right_ip(), 80}, 4);
  std::array<End, 2> ends{End{hosts.left, *hosts.left.tcp().connect(hosts.now, {right_ip(), 80})},
                          End{hosts.right, {}}};
  auto each = [&] {
    while (hosts.left.tcp().next_event()) continue;
    while (hosts.right.tcp().next_event()) continue;
    if (auto id = hosts.right.tcp().accept(listener)) {
      if (ends[1].id == TcpId{}) {
        ends[1].id = *id;
      } else {
        hosts.right.tcp().close(hosts.now, *id);
      }
    }
    for (End& end : ends) end.step(hosts.now);
  };
  while (!in.empty()) {
    uint8_t op = in.byte();
    End& end = ends[op >> 7];
    switch (op % 4) {
      case 0:
        hosts.link.set_quality(op & 128 ? LinkEnd::left : LinkEnd::right, quality_from(in));
        break;
      case 1:
        to_lose[op >> 7] = in.byte() % 16;
        break;
      case 2:
        if (!end.finished) end.allowed += in.byte() * 64u;
        end.finished = end.finished || (op & 64) != 0;
        // Final once it has finished, before which no end of the stream can come.
        ends[1 - (op >> 7)].expected = end.allowed;
        break;
      case 3:
        hosts.run(each, [] { return false; }, std::chrono::milliseconds(in.byte() * 4));
        break;
    }
  }
  to_lose = {};
  hosts.link.set_quality(LinkQuality{});
  for (End& end : ends) end.finished = true;
  ends[0].expected = ends[1].allowed;
  ends[1].expected = ends[0].allowed;
  require(
      hosts.run(each, [&] { return ends[0].closed && ends[1].closed; }, std::chrono::hours(12)));
  hosts.right.tcp().close(hosts.now, listener);
  hosts.settle(std::chrono::hours(1));
  require(hosts.left.live() + hosts.right.live() == 0);
  require(hosts.left.held_bytes() + hosts.right.held_bytes() == 0);
  return 0;
}
