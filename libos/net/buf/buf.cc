#include <ukstore/libos/net/buf/buf.h>

#include <cstring>
#include <new>

namespace ukstore::net {

ChunkRef make_chunk(uint32_t capacity) {
  void* memory = ::operator new(sizeof(Chunk) + capacity);
  auto* data = static_cast<std::byte*>(memory) + sizeof(Chunk);
  auto* chunk = new (memory)
      Chunk{.data = data, .capacity = capacity, .references = 1, .release = [](Chunk* last) {
              ::operator delete(last);
            }};
  return ChunkRef(chunk);
}

Buf Buf::copy_of(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  auto length = static_cast<uint32_t>(bytes.size());
  ChunkRef chunk = make_chunk(length);
  std::memcpy(chunk->data, bytes.data(), length);
  return {std::move(chunk), 0, length};
}

}  // namespace ukstore::net
