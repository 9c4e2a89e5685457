#include <ukstore/libos/net/tcp/reset.h>

namespace ukstore::net {

std::optional<TcpHeader> reset_for(const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  if (header.flags.rst) return std::nullopt;
  if (header.flags.ack) return TcpHeader{.seq = header.ack, .flags = {.rst = true}};
  return TcpHeader{.seq = {0},
                   .ack = header.seq + segment.sequence_length(),
                   .flags = {.rst = true, .ack = true}};
}

}  // namespace ukstore::net
