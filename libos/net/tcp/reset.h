#pragma once
// The answer to a segment that belongs to nothing (RFC 9293, section 3.10.7.1).

#include <ukstore/libos/net/tcp/segment.h>
#include <optional>

namespace ukstore::net {

// The RST to send back, with ports 0; nullopt if `segment` is itself an RST.
std::optional<TcpHeader> reset_for(const SegmentView& segment);

}  // namespace ukstore::net
