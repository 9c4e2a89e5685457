#pragma once
// Page tables and the protection invariant.
//
//  1. No frame is both writable and executable, over all its mappings.
//  2. Frames of text, constants, descriptor tables and page tables are not writable anywhere.
//  3. No page is marked for user mode.
//  4. After seal() nothing becomes executable.
//
// Only pt_write() changes a page table: tables are mapped read-only, and pt_write() lifts write
// protection for as long as a batch takes, after it has held each entry against these rules.

#include <array>
#include <cstdint>
#include <span>

#include <ukstore/libos/core/frames.h>

namespace ukstore::libos {

namespace pte {
inline constexpr uint64_t kPresent = 1, kWritable = 2, kUser = 4, kWriteThrough = 8, kNoCache = 16,
                          kAccessed = 32, kDirty = 64, kLarge = 128;
// An entry of ours that the processor takes for absent: the page keeps its frame, out of reach.
inline constexpr uint64_t kHidden = 1u << 9;
inline constexpr uint64_t kNoExecute = uint64_t{1} << 63;
inline constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;
}  // namespace pte

enum class Access : uint8_t { none, read, write, execute };

struct TableWrite {
  uint64_t* entry;  // in the direct map
  uint64_t value;
  uint64_t address;  // the page it maps, for a leaf
  bool leaf;
};

// Interrupts are off.  Panics with page_table_rule if an entry breaks the invariant.
void pt_write(std::span<const TableWrite> batch);

// Builds the tables of the direct map and the image, switches to them, and protects all of it.
void paging_start();

// From here on nothing becomes executable.  Runs before the program's first instruction.
void seal();

// Makes the tables for `pages` pages from `address`, so that mapping them cannot fail later.
// False if there is no memory for them.
bool reserve_tables(uint64_t address, uint64_t pages);

// The leaf entry of `address`; null if there is no table for it.
uint64_t* leaf_of(uint64_t address);

// The first address from `address` on that a table exists for; `end` if there is none before it.
uint64_t next_with_table(uint64_t address, uint64_t end);

// True if something is mapped at `address`; never before paging_start().
bool is_mapped(uint64_t address);

// Maps one page of a reserved range; with Access::none it is hidden.  map_pages() does several with
// one lifting of protection.
struct PageMapping {
  uint64_t address, physical;
};
void map_pages(std::span<const PageMapping> pages, Access access);
inline void map_page(uint64_t address, uint64_t physical, Access access) {
  PageMapping page{address, physical};
  map_pages({&page, 1}, access);
}

// Unmaps the next pages of [address, end) that are mapped or hidden, as many as fit into one
// lifting of protection; their frames, and where to go on.
struct UnmappedPages {
  std::array<uint64_t, 32> frames;
  size_t count = 0;
  uint64_t next;
};
UnmappedPages unmap_pages(uint64_t address, uint64_t end);

// The frame behind `address`, with the page unmapped; 0 if none was mapped or hidden.
uint64_t unmap_page(uint64_t address);

// Registers of a device, uncached.  The result is valid for ever.
std::byte* map_device(uint64_t physical, uint64_t bytes);

// `pages` pages of libos's own memory behind an unmapped guard page; null if there is no memory.
std::byte* kernel_pages(uint64_t pages);

// True if `address` is in the guard page that kernel_pages() leaves below each of its results.
bool is_kernel_guard(uint64_t address);

}  // namespace ukstore::libos
