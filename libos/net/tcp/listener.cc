// LISTEN and the passive SYN-RECEIVED (RFC 9293, sections 3.10.7.2 and 3.10.7.4).

#include <ukstore/libos/net/tcp/listener.h>

#include <ukstore/libos/net/tcp/initial_sequence.h>
#include <ukstore/libos/net/tcp/mss.h>
#include <ukstore/libos/net/tcp/reset.h>
#include <ukstore/libos/net/tcp/syn_cookie.h>
#include <ukstore/libos/net/tcp/window_scale.h>
#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint8_t kTriesMax = 5;
constexpr Duration kCookieLifetime = std::chrono::minutes(2);
constexpr uint8_t kChallengesMax = 100;  // a second, for all half-open peers together

uint32_t milliseconds_of(Time now) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
}

bool older(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace

Listener::Listener(Options options, SecretKey key)
    : options_(options), key_(key), queue_(0, TupleHash{key}) {}

Listener::Answer Listener::on_segment(Time now, const Tuple& tuple, const SegmentView& segment,
                                      AcceptRoom room) {
  auto at = queue_.find(tuple);
  if (at != queue_.end()) {
    Answer answer = on_record(now, tuple, at->second, segment, room);
    if (answer.opening) queue_.erase(tuple);
    return answer;
  }
  const TcpFlags& flags = segment.header.flags;
  if (flags.rst) return {};
  if (flags.ack) return on_cookie(now, tuple, segment, room);
  if (!flags.syn || flags.fin) return {};
  return on_syn(now, tuple, segment);
}

Listener::Answer Listener::on_syn(Time now, const Tuple& tuple, const SegmentView& segment) {
  Opening opening = opening_for(now, tuple, segment);
  Answer answer;
  if (queue_.size() < options_.syn_queue_max) {
    Time again = now + std::chrono::seconds(1);
    queue_.emplace(tuple, SynReceived{.opening = opening, .retransmit_at = again});
    deadline_ = std::min(deadline_, again);
    answer.reply = syn_ack(now, opening);
    return answer;
  }
  if (options_.cookies == SynCookies::never) return answer;
  cookies_until_ = now + kCookieLifetime;
  // What the timestamp cannot carry back is not offered.
  if (!opening.timestamps) {
    opening.sack = false;
    opening.peer_window_shift.reset();
  }
  opening.iss = make_syn_cookie(key_, tuple, now, opening.irs, opening.peer_mss);
  answer.reply = syn_ack(now, opening);
  if (opening.timestamps) {
    uint32_t& value = answer.reply->options.timestamps->value;
    value = timestamp_with(value, {opening.peer_window_shift, opening.sack});
  }
  return answer;
}

Opening Listener::opening_for(Time now, const Tuple& tuple, const SegmentView& syn) const {
  const Config& config = options_.config;
  const TcpOptions& options = syn.header.options;
  Opening opening{.iss = initial_sequence_number(key_, tuple, now),
                  .irs = syn.header.seq,
                  .peer_mss = peer_mss(options.mss, config.family)};
  if (config.window_scaling == Feature::on) opening.peer_window_shift = options.window_shift;
  opening.sack = config.sack == Feature::on && options.sack_permitted;
  opening.timestamps = config.timestamps == Feature::on && options.timestamps.has_value();
  if (opening.timestamps) opening.ts_recent = options.timestamps->value;
  opening.ts_offset = timestamp_offset(key_, tuple);
  opening.offered_window = syn_window(config.receive_buffer_bytes);
  opening.own_window_shift = window_shift_for(config.receive_buffer_bytes_max);
  opening.syn_ack_sent = now;
  return opening;
}

TcpHeader Listener::syn_ack(Time now, const Opening& opening) const {
  TcpHeader header{.seq = opening.iss,
                   .ack = opening.irs + 1,
                   .flags = {.syn = true, .ack = true},
                   .window = opening.offered_window};
  header.options.mss = options_.config.mss;
  header.options.sack_permitted = opening.sack;
  if (opening.peer_window_shift) header.options.window_shift = opening.own_window_shift;
  if (opening.timestamps) {
    header.options.timestamps =
        Timestamps{milliseconds_of(now) + opening.ts_offset, opening.ts_recent};
  }
  return header;
}

Listener::Answer Listener::on_record(Time now, const Tuple& tuple, SynReceived& record,
                                     const SegmentView& segment, AcceptRoom room) {
  const TcpHeader& header = segment.header;
  const Opening& opening = record.opening;
  SeqNumber next = opening.irs + 1;
  bool inside = within(header.seq, next, std::max<uint32_t>(opening.offered_window, 1));
  Answer answer;
  auto challenge = [&] {
    if (challenge_window_ == Time::min() || now - challenge_window_ >= std::chrono::seconds(1)) {
      challenge_window_ = now;
      challenges_ = 0;
    }
    if (challenges_ == kChallengesMax) return;
    ++challenges_;
    answer.reply = syn_ack(now, opening);
    answer.reply->flags.syn = false;
    answer.reply->seq = opening.iss + 1;
    answer.reply->options.mss.reset();
    answer.reply->options.sack_permitted = false;
    answer.reply->options.window_shift.reset();
  };
  if (header.flags.rst) {
    if (header.seq == next) {
      queue_.erase(tuple);
    } else if (inside) {
      challenge();
    }
    return answer;
  }
  if (header.flags.syn) {
    bool again = header.seq == opening.irs && !header.flags.ack;
    if (again) {
      record.opening.syn_ack_retransmitted = true;
      answer.reply = syn_ack(now, opening);
    } else {
      challenge();
    }
    return answer;
  }
  bool stale = opening.timestamps && header.options.timestamps &&
               older(header.options.timestamps->value, opening.ts_recent);
  if (!inside || stale) {
    challenge();
  } else if (header.flags.ack && header.ack != opening.iss + 1) {
    answer.reply = reset_for(segment);
  } else if (header.flags.ack && room == AcceptRoom::free) {
    answer.opening = opening;
    if (opening.syn_ack_retransmitted) answer.opening->syn_ack_sent = kNever;
  }
  return answer;
}

Listener::Answer Listener::on_cookie(Time now, const Tuple& tuple, const SegmentView& segment,
                                     AcceptRoom room) {
  const TcpHeader& header = segment.header;
  SeqNumber irs = header.seq - 1;
  SeqNumber iss = header.ack - 1;
  std::optional<uint16_t> mss;
  bool possible = now < cookies_until_ && !header.flags.syn;
  if (possible) mss = check_syn_cookie(key_, tuple, now, irs, iss);
  Answer answer;
  if (!mss) {
    answer.reply = reset_for(segment);
    return answer;
  }
  if (room == AcceptRoom::full) return answer;
  const Config& config = options_.config;
  Opening opening{.iss = iss, .irs = irs, .peer_mss = *mss};
  opening.ts_offset = timestamp_offset(key_, tuple);
  opening.offered_window = syn_window(config.receive_buffer_bytes);
  opening.own_window_shift = window_shift_for(config.receive_buffer_bytes_max);
  opening.timestamps = config.timestamps == Feature::on && header.options.timestamps.has_value();
  if (opening.timestamps) {
    CookieOptions carried = options_in(header.options.timestamps->echo);
    opening.ts_recent = header.options.timestamps->value;
    opening.peer_window_shift = carried.window_shift;
    opening.sack = carried.sack;
  }
  answer.opening = opening;
  return answer;
}

std::optional<Listener::Reply> Listener::next_reply(Time now) {
  if (now < deadline_) return std::nullopt;
  deadline_ = kNever;
  std::optional<Reply> reply;
  for (auto at = queue_.begin(); at != queue_.end();) {
    SynReceived& record = at->second;
    bool due = record.retransmit_at <= now;
    if (due && record.retransmissions == kTriesMax) {
      at = queue_.erase(at);
      continue;
    }
    if (due && !reply) {
      ++record.retransmissions;
      record.opening.syn_ack_retransmitted = true;
      record.retransmit_at = now + std::chrono::seconds(1 << record.retransmissions);
      reply = Reply{at->first, syn_ack(now, record.opening)};
    }
    deadline_ = std::min(deadline_, record.retransmit_at);
    ++at;
  }
  return reply;
}

}  // namespace ukstore::net
