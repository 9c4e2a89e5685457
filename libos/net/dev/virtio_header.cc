#include <ukstore/libos/net/dev/virtio_header.h>

namespace ukstore::net {
namespace {

constexpr uint8_t kNeedsChecksum = 1, kDataValid = 2;
constexpr uint8_t kGsoNone = 0, kGsoTcp4 = 1, kGsoTcp6 = 4, kGsoEcn = 0x80;

void store_le16(std::span<std::byte> bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<std::byte>(value);
  bytes[at + 1] = static_cast<std::byte>(value >> 8);
}

uint16_t load_le16(ByteSpan bytes, size_t at) {
  return static_cast<uint16_t>(load_u8(bytes, at) | load_u8(bytes, at + 1) << 8);
}

}  // namespace

std::array<std::byte, kVirtioHeaderBytes> virtio_header(const FrameMeta& meta) {
  std::array<std::byte, kVirtioHeaderBytes> header{};
  if (meta.checksum == ChecksumState::partial) {
    header[0] = std::byte{kNeedsChecksum};
    store_le16(header, 6, meta.checksum_start);
    store_le16(header, 8, meta.checksum_offset);
  }
  if (meta.gso != Gso::none) {
    header[1] = std::byte{meta.gso == Gso::tcp4 ? kGsoTcp4 : kGsoTcp6};
    store_le16(header, 2, meta.header_bytes);
    store_le16(header, 4, meta.gso_bytes);
  }
  return header;
}

std::optional<FrameMeta> parse_virtio_header(ByteSpan header, size_t frame_bytes) {
  if (header.size() < kVirtioHeaderBytes) return std::nullopt;
  FrameMeta meta;
  uint8_t flags = load_u8(header, 0);
  if ((flags & kNeedsChecksum) != 0) {
    meta.checksum_start = load_le16(header, 6);
    meta.checksum_offset = load_le16(header, 8);
    if (size_t{meta.checksum_start} + meta.checksum_offset + 2 > frame_bytes) return std::nullopt;
    meta.checksum = ChecksumState::valid;
  } else if ((flags & kDataValid) != 0) {
    meta.checksum = ChecksumState::valid;
  }
  switch (load_u8(header, 1) & ~kGsoEcn) {
    case kGsoNone:
      break;
    case kGsoTcp4:
      meta.gso = Gso::tcp4;
      break;
    case kGsoTcp6:
      meta.gso = Gso::tcp6;
      break;
    default:
      return std::nullopt;
  }
  if (meta.gso != Gso::none) {
    meta.header_bytes = load_le16(header, 2);
    meta.gso_bytes = load_le16(header, 4);
    if (meta.gso_bytes == 0) return std::nullopt;
  }
  return meta;
}

}  // namespace ukstore::net
