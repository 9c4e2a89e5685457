#pragma once
// Memory that devices reach.

#include <cstddef>
#include <cstdint>

namespace ukstore::libos {

inline constexpr size_t kDmaPageBytes = 4096;

// A zeroed page of its own, kept for ever; null if there is no memory.
std::byte* dma_page();

// Where the device finds a byte that lies in a dma_page() or in a page of the cache.
uint64_t dma_address(const void* pointer);

}  // namespace ukstore::libos
