#include <ukstore/libos/net/tcp/time_wait.h>

namespace ukstore::net {
namespace {

constexpr Duration kAnswerInterval = std::chrono::milliseconds(500);

uint32_t milliseconds_of(Time now) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
}

bool newer(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) > 0; }

TcpHeader acknowledgment(const TimeWait& record, Time now) {
  TcpHeader header{.seq = record.snd_nxt,
                   .ack = record.rcv_nxt,
                   .flags = {.ack = true},
                   .window = record.window};
  if (record.timestamps) {
    header.options.timestamps =
        Timestamps{milliseconds_of(now) + record.ts_offset, record.ts_recent};
  }
  return header;
}

}  // namespace

TimeWait::Answer TimeWait::on_segment(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  if (header.flags.rst) return {};  // RFC 1337, fix 1: an RST cannot cut the wait short
  bool timed = timestamps && header.options.timestamps.has_value();
  if (header.flags.syn && !header.flags.ack) {
    // RFC 6191, section 2: a larger timestamp, or without one a larger sequence number.
    bool fresh = before(rcv_nxt, header.seq);
    if (timed) {
      uint32_t value = header.options.timestamps->value;
      fresh = newer(value, ts_recent) || (value == ts_recent && fresh);
    }
    if (fresh) return {.verdict = Verdict::reopen, .reply = {}};
  }
  bool old = timed && newer(ts_recent, header.options.timestamps->value);
  bool fin_again = header.flags.fin && !header.flags.syn && !old &&
                   header.seq + segment.sequence_length() == rcv_nxt;
  if (fin_again) {
    expires = now + length;
    return {.verdict = Verdict::stay, .reply = acknowledgment(*this, now)};
  }
  bool plain = segment.sequence_length() == 0 && header.seq == rcv_nxt;
  if (plain || now < challenge_after) return {};
  challenge_after = now + kAnswerInterval;
  return {.verdict = Verdict::stay, .reply = acknowledgment(*this, now)};
}

bool TimeWait::reusable(Time now) const {
  return timestamps && now >= expires - length + std::chrono::seconds(1);
}

}  // namespace ukstore::net
