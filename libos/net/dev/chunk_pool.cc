#include <ukstore/libos/net/dev/chunk_pool.h>
#include <new>
#include <vector>

namespace ukstore::net {

struct ChunkPool::Pooled {
  Chunk chunk;  // first: a Chunk* of ours is a Pooled*
  State* state;
};

struct ChunkPool::State {
  uint32_t chunk_bytes;
  size_t kept_max;
  size_t lent = 0;
  bool closed = false;  // the pool is gone: the last chunk that comes back frees this too
  std::vector<Pooled*> free;

  static void destroy(Pooled* pooled) { ::operator delete(pooled); }

  static void come_back(Chunk* chunk) {
    auto* pooled = reinterpret_cast<Pooled*>(chunk);
    State* state = pooled->state;
    --state->lent;
    if (!state->closed && state->free.size() < state->kept_max) {
      state->free.push_back(pooled);
      return;
    }
    destroy(pooled);
    if (state->closed && state->lent == 0) delete state;
  }
};

ChunkPool::ChunkPool(uint32_t chunk_bytes, size_t kept_max)
    : state_(std::make_unique<State>(State{chunk_bytes, kept_max, 0, false, {}})) {}

ChunkPool::~ChunkPool() {
  for (Pooled* pooled : state_->free) State::destroy(pooled);
  state_->free.clear();
  state_->closed = true;
  if (state_->lent > 0) static_cast<void>(state_.release());
}

ChunkRef ChunkPool::take() {
  State& state = *state_;
  Pooled* pooled;
  if (state.free.empty()) {
    void* memory = ::operator new(sizeof(Pooled) + state.chunk_bytes);
    auto* data = static_cast<std::byte*>(memory) + sizeof(Pooled);
    pooled = new (memory) Pooled{{data, state.chunk_bytes, 0, State::come_back}, &state};
  } else {
    pooled = state.free.back();
    state.free.pop_back();
  }
  ++state.lent;
  pooled->chunk.references = 1;
  return ChunkRef(&pooled->chunk);
}

uint32_t ChunkPool::chunk_bytes() const { return state_->chunk_bytes; }

}  // namespace ukstore::net
