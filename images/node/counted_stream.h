#pragma once
// Streams whose bytes are counted.

#include <kj/async-io.h>

#include <cstdint>

namespace ukstore::node {

struct Traffic {
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t accepted = 0;
  uint64_t dialled = 0;
};

// The stream, counting into `traffic`, which outlives it.
kj::Own<kj::AsyncIoStream> counted(kj::Own<kj::AsyncIoStream> stream, Traffic& traffic);

}  // namespace ukstore::node
