#include <ukstore/libos/net/dev/offload.h>
#include <ukstore/libos/net/wire/ethernet.h>
#include <ukstore/libos/net/wire/ipv6.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <array>
#include <cstring>

namespace ukstore::net {
namespace {

constexpr size_t kHeadersMax = 128;
constexpr size_t kIpAt = EthernetHeader::kBytes;
constexpr uint8_t kFin = 1, kPsh = 8, kCwr = 0x80;

size_t total_bytes(std::span<const ByteSpan> pieces) {
  size_t total = 0;
  for (ByteSpan piece : pieces) total += piece.size();
  return total;
}

// The headers of one piece of an oversized segment, rewritten from those of the whole.
struct PieceHeaders {
  std::array<std::byte, kHeadersMax> bytes;
  size_t size;

  std::span<std::byte> all() { return std::span(bytes).first(size); }
};

struct PieceShape {
  size_t index;
  size_t offset;
  size_t length;
  bool last;
};

PieceHeaders piece_headers(ByteSpan headers, const FrameMeta& meta, const PieceShape& piece) {
  PieceHeaders out{.bytes = {}, .size = headers.size()};
  std::memcpy(out.bytes.data(), headers.data(), headers.size());
  std::span<std::byte> bytes = out.all();
  size_t tcp_at = meta.checksum_start;
  size_t tcp_header = headers.size() - tcp_at;
  if (meta.gso == Gso::tcp4) {
    store_be16(bytes, kIpAt + 2, static_cast<uint16_t>(headers.size() - kIpAt + piece.length));
    store_be16(bytes, kIpAt + 4, static_cast<uint16_t>(load_be16(bytes, kIpAt + 4) + piece.index));
    store_be16(bytes, kIpAt + 10, 0);
    store_be16(bytes, kIpAt + 10, internet_checksum(bytes.subspan(kIpAt, tcp_at - kIpAt)));
  } else {
    store_be16(bytes, kIpAt + 4,
               static_cast<uint16_t>(headers.size() - kIpAt - Ipv6Header::kBytes + piece.length));
  }
  store_be32(bytes, tcp_at + 4, load_be32(bytes, tcp_at + 4) + static_cast<uint32_t>(piece.offset));
  uint8_t flags = load_u8(bytes, tcp_at + 13);
  if (!piece.last) flags &= static_cast<uint8_t>(~(kFin | kPsh));
  if (piece.index > 0) flags &= static_cast<uint8_t>(~kCwr);
  store_u8(bytes, tcp_at + 13, flags);
  // The pseudo-header's sum anew, as the length in it changed.
  size_t address_bytes = meta.gso == Gso::tcp4 ? 8 : 32;
  size_t address_at = kIpAt + (meta.gso == Gso::tcp4 ? 12 : 8);
  Checksum pseudo;
  pseudo.add(bytes.subspan(address_at, address_bytes));
  pseudo.add_u32(static_cast<uint32_t>(tcp_header + piece.length));
  pseudo.add_u16(static_cast<uint8_t>(Protocol::tcp));
  store_be16(bytes, tcp_at + meta.checksum_offset, pseudo.partial());
  return out;
}

// Walks the payload pieces, taking so many bytes at a time.
class PayloadCursor {
 public:
  explicit PayloadCursor(std::span<const ByteSpan> pieces) : pieces_(pieces) {}

  // Appends slices of the next `bytes` bytes to `out` from `used` on; returns the new count.
  size_t take(size_t bytes, std::span<ByteSpan> out, size_t used) {
    while (bytes > 0) {
      assert(index_ < pieces_.size() && used < out.size());
      ByteSpan rest = pieces_[index_].subspan(offset_);
      ByteSpan part = rest.first(std::min(bytes, rest.size()));
      if (!part.empty()) out[used++] = part;
      bytes -= part.size();
      offset_ += part.size();
      if (offset_ == pieces_[index_].size()) ++index_, offset_ = 0;
    }
    return used;
  }

 private:
  std::span<const ByteSpan> pieces_;
  size_t index_ = 0;
  size_t offset_ = 0;
};

// Sums from the checksum's start to the end of the frame and stores the result in the headers.
void finish_in_headers(std::span<std::byte> headers, std::span<const ByteSpan> payload,
                       const FrameMeta& meta) {
  size_t field = size_t{meta.checksum_start} + meta.checksum_offset;
  Checksum sum;
  sum.add(headers.subspan(meta.checksum_start));
  for (ByteSpan piece : payload) sum.add(piece);
  uint16_t value = sum.value();
  // For UDP zero would mean "no checksum" (RFC 768): its other form is sent.
  constexpr uint16_t kUdpField = 6;
  store_be16(headers, field, value == 0 && meta.checksum_offset == kUdpField ? 0xffff : value);
}

Caps with_software(Caps caps) {
  if (!caps.tso4 && !caps.tso6) caps.gso_bytes_max = Caps{}.gso_bytes_max;
  caps.checksum_tx = caps.tso4 = caps.tso6 = true;
  return caps;
}

}  // namespace

void finish_checksum(std::span<std::byte> frame, const FrameMeta& meta) {
  if (meta.checksum != ChecksumState::partial) return;
  finish_in_headers(frame, {}, meta);
}

void segment(const SegmentSource& source, const FrameMeta& meta, const FrameSink& sink) {
  assert(meta.gso != Gso::none && meta.gso_bytes > 0 && source.headers.size() <= kHeadersMax);
  assert(meta.checksum == ChecksumState::partial);
  size_t total = total_bytes(source.payload);
  PayloadCursor cursor(source.payload);
  std::array<ByteSpan, kFramePiecesMax> pieces;
  size_t offset = 0;
  for (size_t index = 0; offset < total || index == 0; ++index) {
    size_t length = std::min<size_t>(meta.gso_bytes, total - offset);
    PieceHeaders headers =
        piece_headers(source.headers, meta, {index, offset, length, offset + length == total});
    size_t used = cursor.take(length, pieces, 1);
    finish_in_headers(headers.all(), std::span(pieces).subspan(1, used - 1), meta);
    pieces[0] = headers.all();
    sink(std::span(pieces).first(used));
    offset += length;
  }
}

SoftwareOffload::SoftwareOffload(Device& inner)
    : inner_(inner), caps_(with_software(inner.caps())) {}

SendResult SoftwareOffload::send_summed(Time now, std::span<const ByteSpan> pieces,
                                        const FrameMeta& meta) {
  if (meta.checksum != ChecksumState::partial || inner_.caps().checksum_tx)
    return inner_.send(now, pieces, meta);
  // The checksum's field lies in the first piece, which is copied to be changed.
  std::array<std::byte, 2048> first;
  std::array<ByteSpan, kFramePiecesMax> all;
  assert(!pieces.empty() && pieces[0].size() <= first.size() && pieces.size() <= all.size());
  std::copy(pieces.begin(), pieces.end(), all.begin());
  std::memcpy(first.data(), pieces[0].data(), pieces[0].size());
  std::span<std::byte> headers = std::span(first).first(pieces[0].size());
  finish_in_headers(headers, pieces.subspan(1), meta);
  all[0] = headers;
  return inner_.send(now, std::span(all).first(pieces.size()), FrameMeta{});
}

SendResult SoftwareOffload::send(Time now, std::span<const ByteSpan> pieces,
                                 const FrameMeta& meta) {
  const Caps& inner = inner_.caps();
  bool inner_cuts = meta.gso == Gso::tcp4 ? inner.tso4 : inner.tso6;
  if (meta.gso == Gso::none || inner_cuts) return send_summed(now, pieces, meta);
  assert(!pieces.empty() && pieces[0].size() >= meta.header_bytes);
  std::array<ByteSpan, kFramePiecesMax> payload;
  size_t count = 0;
  if (pieces[0].size() > meta.header_bytes) payload[count++] = pieces[0].subspan(meta.header_bytes);
  for (ByteSpan piece : pieces.subspan(1)) {
    assert(count < payload.size());
    payload[count++] = piece;
  }
  SendResult first = SendResult::sent;
  size_t sent = 0;
  segment({pieces[0].first(meta.header_bytes), std::span(payload).first(count)}, meta,
          [&](std::span<const ByteSpan> frame) {
            SendResult result = inner_.send(now, frame, FrameMeta{});
            if (sent++ == 0) first = result;
          });
  return first;
}

}  // namespace ukstore::net
