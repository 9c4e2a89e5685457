// Bytes as a conversation: each step is a segment with fields near the connection's own, a call of
// the application, or time. The oracle is the invariants, and that everything ends.

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/tests/fuzz/input.h>
#include <cassert>
#include <string>

using namespace ukstore::net;

namespace {

using ukstore::fuzz::Input;

// Near zero mostly, far now and then.
uint32_t offset(Input& in) {
  uint32_t value = in.number();
  return value & 0x8000 ? -(value & 0x7fff) : value;
}

SegmentView segment_from(Input& in, const Connection& connection) {
  TcpHeader header;
  uint8_t flags = in.byte();
  header.flags = {.fin = (flags & 1) != 0,
                  .syn = (flags & 2) != 0,
                  .rst = (flags & 4) != 0,
                  .ack = (flags & 8) == 0};
  header.seq = connection.receiver().nxt() + offset(in);
  header.ack = connection.sender().una() + offset(in);
  header.window = static_cast<uint16_t>(in.number());
  if (flags & 16) header.options.timestamps = Timestamps{in.number(), in.number()};
  for (int i = (flags >> 5) & 3; i > 0; --i) {
    SeqNumber begin = connection.sender().una() + offset(in);
    header.options.sack.push({begin, begin + in.number()});
  }
  std::string payload(flags & 128 ? in.number() % 4000 : 0, 'p');
  return {header, Buf::copy_of(std::as_bytes(std::span(payload)))};
}

void call_application(Input& in, Connection& connection, Time now) {
  std::string bytes(in.number() % 5000, 'a');
  switch (in.byte() % 8) {
    case 0:
    case 1:
      connection.on_write(now, std::as_bytes(std::span(bytes)));
      break;
    case 2:
    case 3:
      connection.on_read(now, std::as_writable_bytes(std::span(bytes)));
      break;
    case 4:
      connection.on_shutdown_write(now);
      break;
    case 5:
      connection.on_path_mss(now, connection.sender().una(), 500);
      break;
    case 6:
      connection.set_nagle(Feature::off);
      break;
    case 7:
      bytes.size() % 4 == 0 ? connection.on_close(now) : connection.on_shutdown_read(now);
  }
}

void drain(Connection& connection, Time now, const Caps& caps) {
  int plans = 0;
  while (auto plan = connection.next_segment(now, caps)) {
    assert(++plans < 100'000);
    assert(connection.broken_invariant().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input in(data, size);
  uint8_t choice = in.byte();
  Config config;
  config.sack = choice & 1 ? Feature::on : Feature::off;
  config.receive_buffer_bytes = config.receive_buffer_bytes_max = 10'000;
  Caps caps{.tso4 = (choice & 2) != 0};
  Time now{std::chrono::seconds(10)};
  Opening opening{.iss = {0xffff'fff0}, .irs = {0xffff'ff00}, .peer_mss = 700};
  opening.sack = (choice & 1) != 0;
  opening.timestamps = (choice & 4) != 0;
  opening.offered_window = 10'000;
  Connection connection = choice & 8 ? Connection::connect(now, config, {5}, 0)
                                     : Connection::accepted(now, config, opening);
  while (!in.empty()) {
    switch (in.byte() % 4) {
      case 0:
      case 1:
        connection.on_segment(now, segment_from(in, connection));
        break;
      case 2:
        call_application(in, connection, now);
        break;
      case 3:
        now += Duration(int64_t{in.number()} * 100);
        connection.on_time(now);
    }
    assert(connection.broken_invariant().empty());
    drain(connection, now, caps);
    assert(connection.deadline() > now);
  }
  // Nobody answers any more: it ends by itself.
  connection.on_close(now);
  for (int i = 0; i < 100'000 && !connection.finished() && connection.state() != State::time_wait;
       ++i) {
    drain(connection, now, caps);
    assert(connection.finished() || connection.state() == State::time_wait ||
           connection.deadline() != kNever);
    if (connection.deadline() == kNever) break;
    now = std::max(now, connection.deadline());
    connection.on_time(now);
  }
  assert(connection.finished() || connection.state() == State::time_wait);
  return 0;
}
