#include <ukstore/libos/net/dev/capture.h>
#include <ukstore/libos/net/dev/offload.h>
#include <ukstore/libos/net/wire/print.h>
#include <array>
#include <cstdio>

namespace ukstore::net {
namespace {

void write_words(std::ostream& out, std::initializer_list<uint32_t> words) {
  for (uint32_t word : words) out.write(reinterpret_cast<const char*>(&word), sizeof word);
}

std::vector<std::byte> joined(std::span<const ByteSpan> pieces) {
  std::vector<std::byte> bytes;
  for (ByteSpan piece : pieces) append(bytes, piece);
  return bytes;
}

}  // namespace

PcapWriter::PcapWriter(Device& inner, std::ostream& out, uint32_t snap_bytes)
    : inner_(inner), out_(out), snap_bytes_(snap_bytes) {
  constexpr uint32_t kMagic = 0xa1b2c3d4, kVersion = 4u << 16 | 2, kEthernet = 1;
  write_words(out_, {kMagic, kVersion, 0, 0, snap_bytes_, kEthernet});
}

void PcapWriter::record(Time now, ByteSpan frame) {
  auto us = now.time_since_epoch().count();
  auto kept = static_cast<uint32_t>(std::min<size_t>(frame.size(), snap_bytes_));
  write_words(out_, {static_cast<uint32_t>(us / 1'000'000), static_cast<uint32_t>(us % 1'000'000),
                     kept, static_cast<uint32_t>(frame.size())});
  out_.write(reinterpret_cast<const char*>(frame.data()), kept);
}

std::optional<Frame> PcapWriter::receive(Time now) {
  std::optional<Frame> frame = inner_.receive(now);
  if (!frame) return frame;
  if (frame->meta.checksum_start == 0) {
    record(now, frame->data.bytes());
    return frame;
  }
  // The other side left the sum to whoever carries the frame on.
  std::vector<std::byte> whole(frame->data.bytes().begin(), frame->data.bytes().end());
  FrameMeta meta = frame->meta;
  meta.checksum = ChecksumState::partial;
  finish_checksum(whole, meta);
  record(now, whole);
  return frame;
}

SendResult PcapWriter::send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  SendResult result = inner_.send(now, pieces, meta);
  if (result == SendResult::full) return result;
  std::vector<std::byte> whole = joined(pieces);
  finish_checksum(whole, meta);
  record(now, whole);
  return result;
}

void Tracer::line(Time now, char direction, ByteSpan frame) {
  std::array<char, 32> time;
  std::snprintf(time.data(), time.size(), "%.6f %c ",
                std::chrono::duration<double>(now.time_since_epoch()).count(), direction);
  out_ << time.data() << describe_frame(frame) << '\n';
}

std::optional<Frame> Tracer::receive(Time now) {
  std::optional<Frame> frame = inner_.receive(now);
  if (frame) line(now, '<', frame->data.bytes());
  return frame;
}

SendResult Tracer::send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  line(now, '>', joined(pieces));
  return inner_.send(now, pieces, meta);
}

}  // namespace ukstore::net
