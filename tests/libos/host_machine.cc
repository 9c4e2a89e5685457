#include "host_machine.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/virtio/dma.h>

namespace {
std::vector<std::byte*> pages;
}

namespace ukstore::libos {

void stop(Trap trap, std::string_view reason, const TrapFrame*) {
  throw libos_test::Stopped{trap, std::string(reason)};
}

std::byte* dma_page() {
  auto* page = static_cast<std::byte*>(std::aligned_alloc(kDmaPageBytes, kDmaPageBytes));
  std::memset(page, 0, kDmaPageBytes);
  pages.push_back(page);
  return page;
}

uint64_t dma_address(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace ukstore::libos

namespace libos_test {

void free_dma_pages() {
  for (std::byte* page : pages) std::free(page);
  pages.clear();
}

}  // namespace libos_test
