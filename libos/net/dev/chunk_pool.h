#pragma once
// Receive buffers of one size that come back to be used again.

#include <ukstore/libos/net/buf/buf.h>
#include <memory>

namespace ukstore::net {

// Chunks may outlive the pool: the last reference then frees them.
class ChunkPool {
 public:
  // Keeps at most `kept_max` unused chunks of `chunk_bytes` each.
  ChunkPool(uint32_t chunk_bytes, size_t kept_max);
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // A chunk, uninitialised; the one that came back last is given first, as it is in the cache.
  ChunkRef take();

  uint32_t chunk_bytes() const;

 private:
  struct State;
  struct Pooled;

  std::unique_ptr<State> state_;
};

}  // namespace ukstore::net
