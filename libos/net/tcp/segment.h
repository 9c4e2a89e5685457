#pragma once
// What goes into a connection and what comes out: segments, read and planned.

#include <ukstore/libos/net/buf/buf.h>
#include <ukstore/libos/net/wire/tcp.h>
#include <cstdint>

namespace ukstore::net {

// A segment that arrived, its checksum and addresses already checked. The payload may be larger
// than any frame: a device that merges received segments hands them over as one.
struct SegmentView {
  TcpHeader header;
  Buf payload;

  // Sequence numbers it takes: SYN and FIN count one each (RFC 9293, SEG.LEN).
  uint32_t sequence_length() const {
    return payload.size() + (header.flags.syn ? 1 : 0) + (header.flags.fin ? 1 : 0);
  }
};

// A segment to send. The ports in `header` are 0: whoever keeps the connection knows them. The
// payload is [offset, offset + length) of the connection's send queue; Connection::gather finds
// its bytes. Once planned, a segment counts as sent.
struct SegmentPlan {
  TcpHeader header;
  uint32_t offset = 0;
  uint32_t length = 0;
  // Payload bytes that one frame carries. If length exceeds it, the device (or the software
  // fallback) cuts the segment at every `mss` bytes; FIN and PSH then go on the last piece.
  uint16_t mss = 0;
};

}  // namespace ukstore::net
