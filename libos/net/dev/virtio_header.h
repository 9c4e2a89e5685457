#pragma once
// The 12-byte header that virtio-net and a TAP with IFF_VNET_HDR put before each frame (virtio
// 1.1, section 5.1.6; little-endian).

#include <ukstore/libos/net/dev/device.h>
#include <array>

namespace ukstore::net {

constexpr size_t kVirtioHeaderBytes = 12;

std::array<std::byte, kVirtioHeaderBytes> virtio_header(const FrameMeta& meta);

// What a header says about a frame of `frame_bytes` that came with it.  A checksum that is still
// to be filled in has never left the machine: it counts as valid.  Contents are the other side's
// word: nullopt if offsets lie outside the frame or the kind of segmentation was not agreed on.
std::optional<FrameMeta> parse_virtio_header(ByteSpan header, size_t frame_bytes);

}  // namespace ukstore::net
