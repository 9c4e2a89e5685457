// mmap and its relatives.

#include <asm/errno.h>
#include <asm/mman.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/space.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

int64_t result_of(const SpaceResult& result) {
  return result ? static_cast<int64_t>(*result) : -result.error();
}

Access access_of(uint64_t protection) {
  if (protection & PROT_EXEC) return Access::execute;
  if (protection & PROT_WRITE) return Access::write;
  return protection & PROT_READ ? Access::read : Access::none;
}

int64_t call_mmap(const SyscallFrame& f) {
  uint64_t flags = f.r10;
  MapRequest request{.address = f.rdi, .bytes = f.rsi, .access = access_of(f.rdx)};
  if (request.access == Access::execute) return -EACCES;
  if (flags & MAP_FIXED_NOREPLACE) {
    request.placement = Placement::fixed_no_replace;
  } else if (flags & MAP_FIXED) {
    request.placement = Placement::fixed;
  }
  if (!(flags & MAP_ANONYMOUS)) {
    File* file = file_of(f.r8);
    if (!file) return -EBADF;
    if ((flags & MAP_TYPE) == MAP_PRIVATE && request.access == Access::write) return -ENODEV;
    if (f.r9 % kPageBytes) return -EINVAL;
    request.file = file->mapped();
    if (!request.file) return -ENODEV;
    request.file_page = f.r9 / kPageBytes;
  }
  return result_of(space_map(request));
}

int64_t call_munmap(const SyscallFrame& f) { return result_of(space_unmap(f.rdi, f.rsi)); }

// A part of the image may be made read-only or stay as it is: glibc asks for that after it has
// relocated itself.
int64_t protect_image(uint64_t address, uint64_t bytes, Access access) {
  auto begin = reinterpret_cast<uint64_t>(libos_data_start);
  auto end = reinterpret_cast<uint64_t>(libos_sealed_start);
  if (address % kPageBytes || address < begin || address + page_ceil(bytes) > end) return -EACCES;
  if (access != Access::read) return access == Access::write ? 0 : -EACCES;
  for (uint64_t at = address; at < address + bytes; at += kPageBytes) map_page(at, at, access);
  return 0;
}

int64_t call_mprotect(const SyscallFrame& f) {
  Access access = access_of(f.rdx);
  if (f.rdi < kBreakBase) return protect_image(f.rdi, f.rsi, access);
  return result_of(space_protect(f.rdi, f.rsi, access));
}

int64_t call_madvise(const SyscallFrame& f) {
  if (f.rdx == MADV_DONTNEED || f.rdx == MADV_FREE) return result_of(space_discard(f.rdi, f.rsi));
  return 0;
}

int64_t call_mremap(const SyscallFrame& f) {
  if (f.r10 & ~uint64_t{MREMAP_MAYMOVE}) return -EINVAL;
  return result_of(space_remap(f.rdi, f.rsi, f.rdx, f.r10 & MREMAP_MAYMOVE));
}

int64_t call_brk(const SyscallFrame& f) { return static_cast<int64_t>(space_break(f.rdi)); }

}  // namespace

Call memory_call(uint64_t number) {
  switch (number) {
    case __NR_mmap:
      return call_mmap;
    case __NR_munmap:
      return call_munmap;
    case __NR_mprotect:
      return call_mprotect;
    case __NR_madvise:
      return call_madvise;
    case __NR_mremap:
      return call_mremap;
    case __NR_brk:
      return call_brk;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
