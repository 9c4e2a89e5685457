#include <ukstore/libos/net/dev/sim_link.h>

#include <ukstore/libos/net/dev/offload.h>

namespace ukstore::net {
namespace {

std::vector<std::byte> joined(std::span<const ByteSpan> pieces) {
  std::vector<std::byte> bytes;
  for (ByteSpan piece : pieces) append(bytes, piece);
  return bytes;
}

}  // namespace

SimLink::SimLink(uint64_t seed, const EndOptions& left, const EndOptions& right)
    : random_(seed), ends_{End(*this, LinkEnd::left, left), End(*this, LinkEnd::right, right)} {}

Time SimLink::deadline() const { return std::min(ends_[0].deadline(), ends_[1].deadline()); }

std::optional<Frame> SimLink::End::receive(Time now) {
  if (arriving.empty() || arriving.top().arrives > now) return std::nullopt;
  Frame frame{Buf::copy_of(arriving.top().bytes), arriving.top().meta};
  // What has not been finished has not left the machine: the other side vouches for it.
  if (frame.meta.checksum == ChecksumState::partial) frame.meta.checksum = ChecksumState::valid;
  arriving.pop();
  return frame;
}

SendResult SimLink::End::send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  assert(meta.checksum != ChecksumState::partial || options.caps.checksum_tx);
  assert(meta.gso != Gso::tcp4 || options.caps.tso4);
  assert(meta.gso != Gso::tcp6 || options.caps.tso6);
  const EndOptions& other = link_.ends_[1 - index(which_)].options;
  std::vector<std::byte> whole = joined(pieces);
  if (meta.gso != Gso::none && !other.takes_gso) {
    ByteSpan payload = ByteSpan(whole).subspan(meta.header_bytes);
    segment({ByteSpan(whole).first(meta.header_bytes), std::span(&payload, 1)}, meta,
            [&](std::span<const ByteSpan> frame) { link_.carry(now, which_, frame, {}); });
    return SendResult::sent;
  }
  FrameMeta carried = meta;
  if (meta.checksum == ChecksumState::partial && !other.takes_partial) {
    finish_checksum(whole, meta);
    carried.checksum = ChecksumState::none;
  }
  ByteSpan all(whole);
  link_.carry(now, which_, std::span(&all, 1), carried);
  return SendResult::sent;
}

void SimLink::carry(Time now, LinkEnd from, std::span<const ByteSpan> pieces,
                    const FrameMeta& meta) {
  End& sender = ends_[index(from)];
  End& receiver = ends_[1 - index(from)];
  std::vector<std::byte> bytes = joined(pieces);
  assert(meta.gso != Gso::none || bytes.size() <= size_t{sender.options.mtu} + 14);
  ++sender.statistics.frames;
  sender.statistics.bytes += bytes.size();
  if (filter_ && !filter_(from, bytes)) {
    ++sender.statistics.lost;
    return;
  }
  const LinkQuality& quality = sender.quality;
  Fate fate = decide(quality, random_);
  Time leaves = now;
  if (quality.bytes_per_s > 0) {
    sender.busy_until = std::max(sender.busy_until, now);
    auto waiting_us = static_cast<uint64_t>((sender.busy_until - now).count());
    if (waiting_us * quality.bytes_per_s / 1'000'000 > quality.queue_bytes) fate.copies = 0;
    if (fate.copies > 0)
      sender.busy_until +=
          Duration(static_cast<int64_t>(bytes.size() * 1'000'000 / quality.bytes_per_s));
    leaves = sender.busy_until;
  }
  if (fate.copies == 0) ++sender.statistics.lost;
  FrameMeta arriving_meta = meta;
  if (fate.corrupted) {
    corrupt(bytes, random_);
    // A checksum that was never computed could not catch it: nobody vouches any more.
    if (meta.checksum == ChecksumState::partial) return;
    arriving_meta = {};
  }
  for (uint8_t copy = 0; copy < fate.copies; ++copy)
    receiver.arriving.push({leaves + fate.delay, order_++, bytes, arriving_meta});
}

}  // namespace ukstore::net
