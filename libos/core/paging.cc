#include <ukstore/libos/core/paging.h>

#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

using namespace pte;

constexpr uint64_t kWriteProtect = 1u << 16;  // CR0.WP

uint64_t root = 0;  // the physical address of the top table
bool loaded = false;
bool sealed = false;
uint64_t device_next = kDeviceBase;
uint64_t kernel_next = kKernelBase;

uint64_t* table_at(uint64_t physical) { return direct<uint64_t>(physical); }
size_t index_of(uint64_t address, int level) { return address >> (12 + 9 * (level - 1)) & 511; }

// Device registers lie outside of RAM; every other leaf must map a frame whose kind allows it.
void check_leaf(uint64_t value) {
  uint64_t physical = value & kAddress;
  FrameKind kind = frame_kind(physical);
  bool writable = value & kWritable, executable = !(value & kNoExecute);
  if (value & kUser) panic(Trap::page_table_rule, "a user page at ", hex(physical));
  if (writable && executable) {
    panic(Trap::page_table_rule, "writable and executable: ", hex(physical));
  }
  if (writable && is_protected(kind)) {
    panic(Trap::page_table_rule, "a writable mapping of protected frame ", hex(physical));
  }
  if (executable && (kind != FrameKind::text || sealed)) {
    panic(Trap::page_table_rule, "an executable mapping of ", hex(physical));
  }
}

void check(const TableWrite& write) {
  uint64_t at = physical_of_direct(write.entry);
  if (at >= ram_end() || frame_kind(at) != FrameKind::table) {
    panic(Trap::page_table_rule, "not a page table: ", hex(at));
  }
  if (!(write.value & kPresent)) return;
  if (write.leaf) return check_leaf(write.value);
  if (frame_kind(write.value & kAddress) != FrameKind::table || (write.value & (kUser | kLarge))) {
    panic(Trap::page_table_rule, "not a table entry: ", hex(write.value));
  }
}

uint64_t leaf_value(uint64_t physical, Access access) {
  switch (access) {
    case Access::none:
      return physical | kHidden;
    case Access::read:
      return physical | kPresent | kNoExecute;
    case Access::write:
      return physical | kPresent | kWritable | kNoExecute;
    case Access::execute:
      return physical | kPresent;
  }
  return 0;
}

// A zeroed table that no mapping can write.
uint64_t new_table() {
  if (!commit(1)) return 0;
  uint64_t physical = allocate_frame(FrameKind::table);
  require(physical != 0, "no frame for a committed page table");
  if (!loaded) return physical;
  uint64_t alias = kDirectBase + physical;
  TableWrite write{leaf_of(alias), leaf_value(physical, Access::read), alias, true};
  pt_write({&write, 1});
  return physical;
}

// The leaf table's entry of `address`, with the tables on the way made; null without memory.
uint64_t* make_leaf(uint64_t address) {
  uint64_t* table = table_at(root);
  for (int level = 4; level > 1; --level) {
    uint64_t* entry = &table[index_of(address, level)];
    if (!(*entry & kPresent)) {
      uint64_t next = new_table();
      if (!next) return nullptr;
      TableWrite write{entry, next | kPresent | kWritable, 0, false};
      pt_write({&write, 1});
    }
    table = table_at(*entry & kAddress);
  }
  return &table[index_of(address, 1)];
}

// Before the tables are in use nothing protects them: entries are stored directly, yet checked.
void map_early(uint64_t address, uint64_t physical, Access access, uint64_t** leaf_table) {
  if (!*leaf_table || index_of(address, 1) == 0) {
    uint64_t* leaf = make_leaf(address);
    if (!leaf) panic(Trap::bad_machine, "too little memory for page tables");
    *leaf_table = leaf - index_of(address, 1);
  }
  uint64_t value = leaf_value(physical, access);
  check_leaf(value);
  (*leaf_table)[index_of(address, 1)] = value;
}

void map_image() {
  uint64_t* table = nullptr;
  uint64_t end = reinterpret_cast<uint64_t>(libos_image_end);
  for (uint64_t at = reinterpret_cast<uint64_t>(libos_image_start); at < end; at += kPageBytes) {
    FrameKind kind = frame_kind(at);
    Access access = kind == FrameKind::text     ? Access::execute
                    : kind == FrameKind::rodata ? Access::read
                                                : Access::write;
    map_early(at, at, access, &table);
  }
}

// Tables made while the map is built are protected in a second walk.
void map_all_ram() {
  for (const RamRange& range : ram_ranges()) {
    uint64_t* table = nullptr;
    for (uint64_t at = range.begin; at < range.end; at += kPageBytes) {
      bool writable = !is_protected(frame_kind(at));
      map_early(kDirectBase + at, at, writable ? Access::write : Access::read, &table);
    }
  }
  for (const RamRange& range : ram_ranges()) {
    for (uint64_t at = range.begin; at < range.end; at += kPageBytes) {
      if (frame_kind(at) == FrameKind::table) *leaf_of(kDirectBase + at) &= ~kWritable;
    }
  }
}

}  // namespace

void pt_write(std::span<const TableWrite> batch) {
  for (const TableWrite& write : batch) check(write);
  uint64_t cr0 = read_cr0();
  if (loaded) write_cr0(cr0 & ~kWriteProtect);
  for (const TableWrite& write : batch) {
    bool was_present = *write.entry & kPresent;
    *const_cast<volatile uint64_t*>(write.entry) = write.value;
    if (write.leaf && was_present) invalidate_page(write.address);
  }
  if (loaded) write_cr0(cr0);
}

void paging_start() {
  require(commit(1), "no memory for the top page table");
  root = allocate_frame(FrameKind::table);
  map_image();
  map_all_ram();
  write_cr3(root);
  loaded = true;
  write_cr0(read_cr0() | kWriteProtect);
}

void seal() { sealed = true; }

bool reserve_tables(uint64_t address, uint64_t pages) {
  uint64_t end = address + pages * kPageBytes;
  for (uint64_t at = address; at < end; at = (at | 0x1fffff) + 1) {
    if (!make_leaf(at)) return false;
  }
  return true;
}

uint64_t* leaf_of(uint64_t address) {
  uint64_t* table = table_at(root);
  for (int level = 4; level > 1; --level) {
    uint64_t entry = table[index_of(address, level)];
    if (!(entry & kPresent)) return nullptr;
    table = table_at(entry & kAddress);
  }
  return &table[index_of(address, 1)];
}

uint64_t next_with_table(uint64_t address, uint64_t end) {
  while (address < end) {
    uint64_t* table = table_at(root);
    int level = 4;
    for (; level > 1; --level) {
      uint64_t entry = table[index_of(address, level)];
      if (!(entry & kPresent)) break;
      table = table_at(entry & kAddress);
    }
    if (level == 1) return address;
    address = (address | ((uint64_t{1} << (12 + 9 * (level - 1))) - 1)) + 1;
  }
  return end;
}

bool is_mapped(uint64_t address) {
  if (!loaded || (address >> 47 != 0 && address >> 47 != 0x1ffff)) return false;
  uint64_t* leaf = leaf_of(address);
  return leaf && (*leaf & kPresent);
}

void map_pages(std::span<const PageMapping> pages, Access access) {
  constexpr size_t kBatch = 32;
  while (!pages.empty()) {
    TableWrite batch[kBatch];
    size_t count = pages.size() < kBatch ? pages.size() : kBatch;
    for (size_t i = 0; i < count; ++i) {
      uint64_t* leaf = leaf_of(pages[i].address);
      require(leaf != nullptr, "map_pages: no table was reserved");
      batch[i] = {leaf, leaf_value(pages[i].physical, access), pages[i].address, true};
    }
    pt_write({batch, count});
    pages = pages.subspan(count);
  }
}

UnmappedPages unmap_pages(uint64_t address, uint64_t end) {
  UnmappedPages unmapped;
  TableWrite batch[std::tuple_size_v<decltype(unmapped.frames)>];
  size_t& count = unmapped.count;
  uint64_t at = next_with_table(address, end);
  for (; at < end && count < unmapped.frames.size(); at = next_with_table(at + kPageBytes, end)) {
    uint64_t* leaf = leaf_of(at);
    if (!(*leaf & (kPresent | kHidden))) continue;
    unmapped.frames[count] = *leaf & kAddress;
    batch[count++] = {leaf, 0, at, true};
  }
  if (count) pt_write({batch, count});
  unmapped.next = at;
  return unmapped;
}

uint64_t unmap_page(uint64_t address) {
  uint64_t* leaf = leaf_of(address);
  if (!leaf || !(*leaf & (kPresent | kHidden))) return 0;
  uint64_t physical = *leaf & kAddress;
  TableWrite write{leaf, 0, address, true};
  pt_write({&write, 1});
  return physical;
}

std::byte* map_device(uint64_t physical, uint64_t bytes) {
  uint64_t begin = page_floor(physical), pages = (page_ceil(physical + bytes) - begin) / kPageBytes;
  uint64_t address = device_next;
  device_next += pages * kPageBytes;
  if (!reserve_tables(address, pages)) panic(Trap::bad_machine, "no memory to map a device");
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t frame = begin + i * kPageBytes;
    if (frame_kind(frame) != FrameKind::none) {
      panic(Trap::bad_machine, "a device claims memory at ", hex(frame));
    }
    uint64_t at = address + i * kPageBytes;
    TableWrite write{leaf_of(at), leaf_value(frame, Access::write) | kNoCache | kWriteThrough, at,
                     true};
    pt_write({&write, 1});
  }
  return reinterpret_cast<std::byte*>(address + physical - begin);
}

std::byte* kernel_pages(uint64_t pages) {
  uint64_t address = kernel_next + kPageBytes;
  if (!reserve_tables(address, pages) || !commit(pages)) return nullptr;
  kernel_next = address + pages * kPageBytes;
  for (uint64_t i = 0; i < pages; ++i) {
    uint64_t frame = allocate_frame(FrameKind::data);
    require(frame != 0, "no frame for committed memory");
    map_page(address + i * kPageBytes, frame, Access::write);
  }
  return reinterpret_cast<std::byte*>(address);
}

bool is_kernel_guard(uint64_t address) {
  if (address < kKernelBase || address >= kernel_next) return false;
  uint64_t* leaf = leaf_of(address);
  return !leaf || !(*leaf & kPresent);
}

}  // namespace ukstore::libos
