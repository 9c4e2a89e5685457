#include <ukstore/libos/net/tcp/receiver.h>

#include <algorithm>
#include <cassert>

namespace ukstore::net {

Receiver::Receiver(const Config& config)
    : limit_(config.receive_buffer_bytes),
      limit_max_(std::max(config.receive_buffer_bytes_max, config.receive_buffer_bytes)),
      delay_(config.delayed_ack),
      mss_(config.mss) {}

void Receiver::open(const Start& start) {
  nxt_ = last_acknowledged_ = start.next;
  edge_ = nxt_ + start.offered_window;
  shift_ = start.window_shift;
}

bool Receiver::acceptable(SeqNumber seq, uint32_t length) const {
  uint32_t room = window();
  if (length == 0) return room == 0 ? seq == nxt_ : within(seq, nxt_, room);
  if (room == 0) return false;
  return within(seq, nxt_, room) || within(seq + (length - 1), nxt_, room) ||
         (before(seq, nxt_) && before(nxt_, seq + length));
}

bool Receiver::on_data(Time now, SeqNumber seq, Buf payload, bool fin) {
  SeqNumber end = seq + payload.size();
  if (before(edge_, end)) {
    payload.truncate(before(seq, edge_) ? static_cast<uint32_t>(distance(seq, edge_)) : 0);
    end = seq + payload.size();
    fin = false;
    ack_now_ = true;
  }
  if (fin && !fin_known_ && !fin_received_) {
    fin_known_ = true;
    fin_ = end;
  }
  if (before(seq, nxt_)) {
    SeqNumber old_end = earlier(end, nxt_);
    if (before(seq, old_end)) dsack_ = SackBlock{seq, old_end};
    payload.drop_front(static_cast<uint32_t>(distance(seq, old_end)));
    seq = old_end;
    ack_now_ = true;
  }
  note_segment_size(payload.size());
  if (payload.empty()) {
    // Nothing new but, perhaps, a FIN.
  } else if (seq == nxt_) {
    bool hole = !reassembly_.empty();
    uint32_t size = payload.size();
    queue_.append(std::move(payload));
    advance(size);
    // Filling a hole is told at once, so that the sender sees its repair (RFC 5681, 4.2).
    if (hole) {
      advance(reassembly_.take(nxt_, queue_));
      ack_now_ = true;
    }
    if (ack_at_ == kNever) ack_at_ = now + delay_;
  } else {
    auto duplicate = reassembly_.insert(seq, std::move(payload));
    if (duplicate) dsack_ = duplicate;
    ack_now_ = true;
  }
  if (!fin_known_ || fin_ != nxt_) return false;
  nxt_ += 1;
  edge_ = later(edge_, nxt_);
  fin_known_ = false;
  fin_received_ = true;
  ack_now_ = true;
  reassembly_.clear();
  return true;
}

void Receiver::advance(uint32_t bytes) {
  nxt_ += bytes;
  received_ += bytes;
}

void Receiver::note_segment_size(uint32_t payload) {
  auto size = static_cast<uint16_t>(std::min<uint32_t>(payload, mss_));
  peer_segment_ = std::max(peer_segment_, size);
}

void Receiver::on_duplicate(SeqNumber seq, uint32_t length) {
  if (length > 0 && at_or_before(seq + length, nxt_)) dsack_ = SackBlock{seq, seq + length};
  ack_now_ = true;
}

size_t Receiver::read(Time now, std::span<std::byte> out, Duration round_trip) {
  size_t count = queue_.read(out);
  tune(now, count, round_trip);
  return count;
}

void Receiver::consume(Time now, size_t bytes, Duration round_trip) {
  queue_.drop_front(bytes);
  tune(now, bytes, round_trip);
}

// Dynamic right-sizing: if the application took in one round trip as much as the window lets
// the peer send in it, the window is what limits them: double what it took.
void Receiver::tune(Time now, size_t consumed, Duration round_trip) {
  tuning_consumed_ += consumed;
  if (tuning_since_ == Time::min()) tuning_since_ = now;
  if (now - tuning_since_ < round_trip) return;
  uint64_t wanted = std::min<uint64_t>(2 * tuning_consumed_, limit_max_);
  if (round_trip > Duration::zero() && wanted > limit_) limit_ = static_cast<uint32_t>(wanted);
  tuning_since_ = now;
  tuning_consumed_ = 0;
}

void Receiver::discard() {
  discarding_ = true;
  queue_.clear();
  reassembly_.clear();
}

void Receiver::set_limit_max(uint32_t bytes) {
  limit_max_ = bytes;
  limit_ = std::min(limit_, bytes);
}

SeqNumber Receiver::possible_edge() const {
  size_t used = queue_.size();
  uint32_t free = used < limit_ ? limit_ - static_cast<uint32_t>(used) : 0;
  free = std::min(free, uint32_t{65535} << shift_);
  return later(edge_, nxt_ + free);
}

// Silly windows, the receiver's side (RFC 9293, section 3.8.6.2.2): a window update must be
// worth a segment.
bool Receiver::update_worthwhile() const {
  if (fin_received_) return false;
  auto growth = static_cast<uint32_t>(distance(edge_, possible_edge()));
  uint32_t mss = mss_;
  uint32_t threshold =
      window() < 2 * mss ? std::min(mss, limit_ / 2) : std::max(2 * mss, limit_ / 4);
  return growth >= threshold && growth > 0;
}

bool Receiver::ack_due(Time now) const {
  if (ack_now_ || ack_at_ <= now) return true;
  auto unacknowledged = static_cast<uint32_t>(distance(last_acknowledged_, nxt_));
  if (unacknowledged > 0 && peer_segment_ > 0 && unacknowledged >= 2U * peer_segment_ &&
      unacknowledged >= 2 * std::min<uint32_t>(536, mss_)) {
    return true;
  }
  return update_worthwhile();
}

bool Receiver::wants_flush() const {
  constexpr int32_t kStretchMax = 64 * 1024;
  return distance(last_acknowledged_, nxt_) >= kStretchMax;
}

uint16_t Receiver::offer() {
  uint32_t unit = uint32_t{1} << shift_;
  SeqNumber possible = possible_edge();
  // The edge moves only by what is worth a segment, else small reads would open silly windows.
  if (!update_worthwhile() && !fin_received_) {
    auto growth = static_cast<uint32_t>(distance(edge_, possible));
    if (growth < std::min<uint32_t>(mss_, limit_ / 2)) possible = edge_;
  }
  auto window = static_cast<uint32_t>(distance(nxt_, possible));
  uint32_t field = window >> shift_;
  // Rounding down must not take back what was offered; rounding up costs less than a unit,
  // which is given only while the buffer has not overrun by one already.
  bool takes_back = before(nxt_ + (field << shift_), edge_);
  if (takes_back && queue_.size() + window <= limit_ + unit) ++field;
  field = std::min(field, uint32_t{65535});
  edge_ = later(edge_, nxt_ + (field << shift_));
  return static_cast<uint16_t>(field);
}

SackBlocks Receiver::blocks(size_t count) const {
  SackBlocks blocks;
  if (!dsack_) return reassembly_.blocks(count);
  blocks.push(*dsack_);
  std::optional<SackBlock> around = reassembly_.around(*dsack_);
  if (around && blocks.size() < count) blocks.push(*around);
  for (SackBlock block : reassembly_.blocks(SackBlocks::kMax)) {
    if (blocks.size() < count && block != around) blocks.push(block);
  }
  return blocks;
}

void Receiver::acknowledged() {
  last_acknowledged_ = nxt_;
  ack_now_ = false;
  ack_at_ = kNever;
  dsack_.reset();
}

std::string_view Receiver::broken_invariant() const {
  if (!at_or_before(nxt_, edge_)) return "the window's edge lies behind nxt";
  if (!at_or_before(last_acknowledged_, nxt_)) return "more is acknowledged than received";
  return reassembly_.consistent(nxt_) ? "" : "the reassembly queue does not fit";
}

}  // namespace ukstore::net
