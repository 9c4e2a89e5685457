#pragma once
// Segments that arrived ahead of a hole, and the SACK blocks that tell of them (RFC 2018).
//
// Invariants: intervals are sorted, not empty, and neither overlap nor touch; every one lies
// beyond what was received in order.

#include <ukstore/libos/net/buf/byte_queue.h>
#include <ukstore/libos/net/wire/tcp.h>
#include <cstdint>
#include <optional>
#include <vector>

namespace ukstore::net {

class Reassembly {
 public:
  // Keeps the bytes of `buf`, the first of which is `seq`. Where bytes are held already, those
  // stay. Returns the first part that was a duplicate, if any (for DSACK). Drops `buf` when
  // there are too many holes already: the peer sends it again.
  std::optional<SackBlock> insert(SeqNumber seq, Buf buf);

  // Moves what continues at `next` to `into` and returns how many bytes that was. Bytes before
  // `next` that are held are dropped.
  uint32_t take(SeqNumber next, ByteQueue& into);

  // The blocks to report, most recently changed first, at most `count`.
  SackBlocks blocks(size_t count) const;
  // The interval that contains `block`, for the second block of a DSACK.
  std::optional<SackBlock> around(SackBlock block) const;

  bool empty() const { return intervals_.empty(); }
  size_t bytes() const;
  size_t held_bytes() const;
  size_t interval_count() const { return intervals_.size(); }
  void clear() { intervals_ = std::vector<Interval>(); }
  bool consistent(SeqNumber next) const;

 private:
  struct Interval {
    SeqNumber begin;
    SeqNumber end;
    uint32_t changed;  // the count of insertions when it last changed
    ByteQueue bytes;
  };

  void put(size_t index, SeqNumber seq, Buf buf);

  std::vector<Interval> intervals_;
  uint32_t insertions_ = 0;
};

}  // namespace ukstore::net
