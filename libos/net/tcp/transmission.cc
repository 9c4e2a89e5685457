// From what the halves of a connection want to say to segments.

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/window_scale.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {

std::optional<SegmentPlan> Connection::next_segment(Time now, const Caps& caps) {
  if (reset_reply_ || reset_due_) return reset_plan();
  if (state_ == State::closed) return std::nullopt;
  if (state_ == State::syn_sent || state_ == State::syn_received) return next_opening(now);
  if (!sender_.opened()) return next_opening(now);  // closed before the handshake ended

  SackBlocks blocks = sack_ ? receiver_.blocks(timestamps_ ? 3 : 4) : SackBlocks();
  uint16_t block_bytes = blocks.empty() ? 0 : static_cast<uint16_t>(4 + 8 * blocks.size());
  bool tso = caps.tso(config_.family);
  uint32_t mss = sender_.mss() - block_bytes;
  Sender::Limits limits{.burst_bytes = tso ? std::max(caps.gso_bytes_max / mss, 1U) * mss : mss,
                        .option_bytes = block_bytes,
                        .nagle = config_.nagle == Feature::on};
  if (auto piece = sender_.next(now, limits)) return data_plan(now, *piece, blocks);
  if (keepalive_due_) {
    keepalive_due_ = false;
    return data_plan(now, {.seq = sender_.nxt() - 1, .mss = sender_.mss()}, blocks);
  }
  if (receiver_.ack_due(now)) {
    return data_plan(now, {.seq = sender_.nxt(), .mss = sender_.mss()}, blocks);
  }
  return std::nullopt;
}

// What every segment of a synchronised connection carries.
TcpHeader Connection::header_at(Time now, SeqNumber seq) {
  TcpHeader header{.seq = seq, .ack = receiver_.nxt(), .flags = {.ack = true}};
  header.window = receiver_.offer();
  if (timestamps_) header.options.timestamps = Timestamps{timestamp(now), ts_recent_};
  return header;
}

SegmentPlan Connection::data_plan(Time now, const Sender::Piece& piece, const SackBlocks& blocks) {
  TcpHeader header = header_at(now, piece.seq);
  header.flags.fin = piece.fin;
  header.flags.psh = piece.push;
  header.options.sack = blocks;
  receiver_.acknowledged();
  return {.header = header, .offset = piece.offset, .length = piece.length, .mss = piece.mss};
}

SegmentPlan Connection::reset_plan() {
  SegmentPlan plan{.mss = config_.mss};
  if (reset_reply_) {
    plan.header = {.seq = *reset_reply_, .flags = {.rst = true}};
    reset_reply_.reset();
    return plan;
  }
  reset_due_ = false;
  SeqNumber seq = sender_.opened() ? sender_.nxt() : iss_ + 1;
  plan.header = {.seq = seq, .ack = receiver_.nxt(), .flags = {.rst = true, .ack = true}};
  return plan;
}

// The SYN, or the SYN-ACK of a simultaneous open, the first time or again.
std::optional<SegmentPlan> Connection::next_opening(Time now) {
  if (!syn_due_) return std::nullopt;
  syn_due_ = false;
  bool synchronized = state_ != State::syn_sent;
  SegmentPlan plan{.mss = config_.mss};
  TcpHeader& header = plan.header;
  header = {.seq = iss_, .flags = {.syn = true}};
  header.window = syn_window(config_.receive_buffer_bytes);
  header.options.mss = config_.mss;
  if (synchronized ? peer_scales_ : config_.window_scaling == Feature::on) {
    header.options.window_shift = own_shift_;
  }
  header.options.sack_permitted = synchronized ? sack_ : config_.sack == Feature::on;
  if (synchronized ? timestamps_ : config_.timestamps == Feature::on) {
    header.options.timestamps = Timestamps{timestamp(now), ts_recent_};
  }
  if (synchronized) {
    header.flags.ack = true;
    header.ack = receiver_.nxt();
    receiver_.acknowledged();
  }
  syn_sent_ = now;
  syn_at_ = now + std::chrono::seconds(1) * (1 << std::min<int>(syn_tries_, 6));
  if (syn_tries_ < 255) ++syn_tries_;
  return plan;
}

bool Connection::wants_flush() const { return receiver_.wants_flush(); }

size_t Connection::gather(const SegmentPlan& plan,
                          std::span<std::span<const std::byte>> pieces) const {
  return sender_.queue().gather(plan.offset, plan.length, pieces);
}

}  // namespace ukstore::net
