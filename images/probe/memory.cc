// mmap and its relatives, as a program sees them.

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

namespace probe {
namespace {

constexpr size_t kPage = 4096;

char* map(size_t bytes, int protection, void* at = nullptr, int flags = 0) {
  void* result = mmap(at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return result == MAP_FAILED ? nullptr : static_cast<char*>(result);
}

void mapping() {
  char* area = map(64 * kPage, PROT_READ | PROT_WRITE);
  expect(area);
  for (size_t i = 0; i < 64; ++i) {
    expect(area[i * kPage] == 0);
    area[i * kPage] = static_cast<char>(i);
  }
  expect(munmap(area + 16 * kPage, 8 * kPage) == 0);
  for (size_t i = 0; i < 64; ++i) {
    if (i < 16 || i >= 24) expect(area[i * kPage] == static_cast<char>(i));
  }
  expect(map(8 * kPage, PROT_READ | PROT_WRITE, area + 16 * kPage, MAP_FIXED) == area + 16 * kPage);
  expect(area[16 * kPage] == 0);
  expect(munmap(area, 64 * kPage) == 0);
}

void protection() {
  char* area = map(8 * kPage, PROT_READ | PROT_WRITE);
  memset(area, 'x', 8 * kPage);
  expect(mprotect(area, 8 * kPage, PROT_NONE) == 0);
  expect(mprotect(area + kPage, kPage, PROT_READ) == 0);
  expect(area[kPage] == 'x', "what was hidden comes back");
  expect(mprotect(area, 8 * kPage, PROT_READ | PROT_WRITE) == 0);
  area[0] = 'y';
  expect(area[7 * kPage] == 'x');
  munmap(area, 8 * kPage);
}

void discarding() {
  char* area = map(4 * kPage, PROT_READ | PROT_WRITE);
  memset(area, 'x', 4 * kPage);
  expect(madvise(area + kPage, kPage, MADV_DONTNEED) == 0);
  expect(area[0] == 'x' && area[kPage] == 0 && area[2 * kPage] == 'x');
  munmap(area, 4 * kPage);
}

void remapping() {
  char* area = map(4 * kPage, PROT_READ | PROT_WRITE);
  for (size_t i = 0; i < 4; ++i) area[i * kPage] = static_cast<char>('a' + i);
  auto* grown = static_cast<char*>(mremap(area, 4 * kPage, 400 * kPage, MREMAP_MAYMOVE));
  expect(grown != MAP_FAILED);
  for (size_t i = 0; i < 4; ++i) expect(grown[i * kPage] == static_cast<char>('a' + i));
  expect(grown[399 * kPage] == 0);
  auto* shrunk = static_cast<char*>(mremap(grown, 400 * kPage, 2 * kPage, 0));
  expect(shrunk == grown && shrunk[kPage] == 'b');
  munmap(shrunk, 2 * kPage);
}

void errors() {
  errno = 0;
  expect(map(0, PROT_READ) == nullptr && errno == EINVAL);
  char* area = map(2 * kPage, PROT_READ | PROT_WRITE);
  errno = 0;
  expect(munmap(area + 1, kPage) == -1 && errno == EINVAL);
  munmap(area, 2 * kPage);
  errno = 0;
  expect(mprotect(area, kPage, PROT_READ) == -1 && errno == ENOMEM);
  // More than any machine has: refused when it is asked for.
  errno = 0;
  expect(map(size_t{1} << 46, PROT_READ | PROT_WRITE) == nullptr && errno == ENOMEM);
  // Address space alone is free.
  char* reserved = map(size_t{1} << 40, PROT_NONE, nullptr, MAP_NORESERVE);
  expect(reserved);
  expect(munmap(reserved, size_t{1} << 40) == 0);
}

}  // namespace

std::vector<Test> memory_tests() {
  return {{"memory/mapping", mapping},
          {"memory/protection", protection},
          {"memory/discarding", discarding},
          {"memory/remapping", remapping},
          {"memory/errors", errors}};
}

}  // namespace probe
