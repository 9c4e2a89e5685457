#pragma once
// The program's part of the address space: mmap and its relatives, the break, and page faults.
//
// Memory is committed strictly: a call that makes anonymous memory accessible fails with ENOMEM if
// frames and tables for all of it cannot be promised; a page fault never fails for want of memory.
// Inaccessible memory (PROT_NONE) is free of charge.

#include <cstdint>
#include <expected>

#include <ukstore/libos/core/frames.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/trap_codes.h>

namespace ukstore::libos {

// Something whose pages can be mapped shared.
class MappedFile {
 public:
  // The frame of page `index`, which stays where it is until unmap_file_page() was called for it.
  // May wait for the disk.  Fails with past_end_of_file or file_error.
  virtual std::expected<uint64_t, Trap> page_frame(uint64_t index) = 0;
  virtual bool may_write() const = 0;
  // Pages beyond this one are never mapped; tables are not made for them.
  virtual uint64_t pages_max() const = 0;
  // One more, or one fewer, region maps it.
  virtual void mapping_added() = 0;
  virtual void mapping_removed() = 0;

 protected:
  ~MappedFile() = default;
};

enum class Placement : uint8_t { anywhere, fixed, fixed_no_replace };

struct MapRequest {
  uint64_t address = 0, bytes = 0;
  Placement placement = Placement::anywhere;
  Access access = Access::none;
  MappedFile* file = nullptr;
  uint64_t file_page = 0;
};

// What a Linux system call returns: an address or 0, or an errno.
using SpaceResult = std::expected<uint64_t, int>;

SpaceResult space_map(const MapRequest& request);
SpaceResult space_unmap(uint64_t address, uint64_t bytes);
SpaceResult space_protect(uint64_t address, uint64_t bytes, Access access);
// Drops the pages of anonymous memory; they read as zero again.
SpaceResult space_discard(uint64_t address, uint64_t bytes);
SpaceResult space_remap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, bool may_move);
// The new break, or the old one if it cannot be had.
uint64_t space_break(uint64_t wanted);

// What lies at an address, for the page-fault handler's judgement.
enum class FaultResult : uint8_t {
  mapped,
  nothing,
  guard,
  forbidden,
  past_end_of_file,
  file_error
};
struct Fault {
  FaultResult result;
  uint64_t file_offset = 0;  // for past_end_of_file and file_error
};
Fault space_fault(uint64_t address, Access wanted);

// Takes the page out of every region that maps it.
void unmap_file_page(const MappedFile& file, uint64_t index);

}  // namespace ukstore::libos
