#include <ukstore/libos/core/space.h>

#include <asm/errno.h>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

struct Region {
  uint64_t begin = 0, end = 0;
  MappedFile* file = nullptr;
  uint64_t file_page = 0;
  Access access = Access::none;
  bool committed = false;  // its frames are promised
  Region* next = nullptr;

  uint64_t pages() const { return (end - begin) / kPageBytes; }
  uint64_t page_in_file(uint64_t address) const {
    return file_page + (address - begin) / kPageBytes;
  }
};

constexpr uint64_t kFaultAround = 16;  // pages

Region* regions = nullptr;  // sorted, disjoint
Region* unused = nullptr;
uint64_t break_now = kBreakBase;

bool refill_unused() {
  std::byte* page = kernel_pages(1);
  if (!page) return false;
  auto* region = reinterpret_cast<Region*>(page);
  for (uint64_t i = 0; i < kPageBytes / sizeof(Region); ++i) {
    region[i].next = unused;
    unused = &region[i];
  }
  return true;
}

// Two regions at hand, so that an operation that splits at both ends cannot fail halfway.
bool prepare_splits() { return (unused && unused->next && unused->next->next) || refill_unused(); }

Region* take_unused(const Region& value) {
  require(unused != nullptr, "no region was prepared");
  Region* region = unused;
  unused = region->next;
  *region = value;
  if (region->file) region->file->mapping_added();
  return region;
}

void give_back(Region* region) {
  if (region->file) region->file->mapping_removed();
  region->next = unused;
  unused = region;
}

// The link to the first region that ends beyond `address`.
Region** find(uint64_t address) {
  Region** at = &regions;
  while (*at && (*at)->end <= address) at = &(*at)->next;
  return at;
}

Region* region_at(uint64_t address) {
  Region* region = *find(address);
  return region && region->begin <= address ? region : nullptr;
}

// Makes `address` a border between regions.
void split_at(uint64_t address) {
  Region* region = region_at(address);
  if (!region || region->begin == address) return;
  Region upper = *region;
  upper.begin = address;
  upper.file_page = region->page_in_file(address);
  region->end = address;
  region->next = take_unused(upper);
}

bool is_held(uint64_t leaf) { return leaf & (pte::kPresent | pte::kHidden); }

void release_pages(const Region& region) {
  for (uint64_t at = region.begin; at < region.end;) {
    UnmappedPages unmapped = unmap_pages(at, region.end);
    if (!region.file) {
      for (size_t i = 0; i < unmapped.count; ++i) free_frame(unmapped.frames[i]);
    }
    at = unmapped.next;
  }
}

bool same_kind(const Region& a, const Region& b) {
  return a.end == b.begin && a.access == b.access && a.committed == b.committed &&
         a.file == b.file && !a.file;
}

// Joins neighbours that differ in nothing, around [begin, end].
void merge_around(uint64_t begin, uint64_t end) {
  Region* region = regions;
  while (region && region->next) {
    Region* next = region->next;
    if (next->begin > end) return;
    if (region->end >= begin && same_kind(*region, *next)) {
      region->end = next->end;
      region->next = next->next;
      give_back(next);
    } else {
      region = next;
    }
  }
}

void remove_range(uint64_t begin, uint64_t end) {
  split_at(begin);
  split_at(end);
  Region** at = find(begin);
  while (*at && (*at)->begin < end) {
    Region* region = *at;
    *at = region->next;
    release_pages(*region);
    if (region->committed) uncommit(region->pages());
    give_back(region);
  }
}

// The lowest gap of `bytes` in the mmap area; 0 if none.
uint64_t find_gap(uint64_t bytes) {
  uint64_t candidate = kMmapBase;
  for (Region* r = *find(kMmapBase); r; r = r->next) {
    if (r->begin >= candidate && r->begin - candidate >= bytes) return candidate;
    candidate = r->end;
  }
  return candidate + bytes <= kMmapEnd ? candidate : 0;
}

bool range_free(uint64_t begin, uint64_t end) {
  Region* region = *find(begin);
  return !region || region->begin >= end;
}

void insert(const Region& value) {
  Region** at = find(value.begin);
  Region* region = take_unused(value);
  region->next = *at;
  *at = region;
  merge_around(value.begin, value.end);
}

// Promises frames and tables for `region` if its rights need them.
bool commit_region(Region& region) {
  if (region.file) {
    uint64_t limit = region.file->pages_max();
    uint64_t pages = region.file_page >= limit ? 0 : limit - region.file_page;
    if (pages > region.pages()) pages = region.pages();
    return reserve_tables(region.begin, pages);
  }
  if (region.committed || region.access == Access::none) return true;
  if (!commit(region.pages())) return false;
  if (!reserve_tables(region.begin, region.pages())) {
    uncommit(region.pages());
    return false;
  }
  return region.committed = true;
}

bool in_program_space(uint64_t begin, uint64_t bytes) {
  return bytes && begin + bytes > begin && begin >= kBreakBase && begin + bytes <= kMmapEnd;
}

void set_access(Region& region, Access access) {
  region.access = access;
  for (uint64_t at = next_with_table(region.begin, region.end); at < region.end;
       at = next_with_table(at + kPageBytes, region.end)) {
    uint64_t* leaf = leaf_of(at);
    if (!is_held(*leaf)) continue;
    PageMapping page{at, *leaf & pte::kAddress};
    if (region.file && access == Access::none) {
      unmap_page(at);
    } else {
      map_pages({&page, 1}, access);
    }
  }
}

}  // namespace

SpaceResult space_map(const MapRequest& request) {
  uint64_t bytes = page_ceil(request.bytes);
  if (!bytes || bytes < request.bytes) return std::unexpected(EINVAL);
  if (!prepare_splits()) return std::unexpected(ENOMEM);
  if (request.file && request.access == Access::write && !request.file->may_write()) {
    return std::unexpected(EACCES);
  }
  uint64_t begin = request.address;
  if (request.placement == Placement::anywhere) {
    begin = page_floor(request.address);
    bool hint_good =
        begin >= kMmapBase && in_program_space(begin, bytes) && range_free(begin, begin + bytes);
    if (!hint_good) begin = find_gap(bytes);
    if (!begin) return std::unexpected(ENOMEM);
  } else if (begin % kPageBytes || !in_program_space(begin, bytes)) {
    return std::unexpected(EINVAL);
  } else if (request.placement == Placement::fixed) {
    remove_range(begin, begin + bytes);
  } else if (!range_free(begin, begin + bytes)) {
    return std::unexpected(EEXIST);
  }
  Region region{.begin = begin,
                .end = begin + bytes,
                .file = request.file,
                .file_page = request.file_page,
                .access = request.access};
  if (!commit_region(region)) return std::unexpected(ENOMEM);
  if (!prepare_splits()) return std::unexpected(ENOMEM);
  insert(region);
  return begin;
}

SpaceResult space_unmap(uint64_t address, uint64_t bytes) {
  bytes = page_ceil(bytes);
  if (address % kPageBytes || !in_program_space(address, bytes)) return std::unexpected(EINVAL);
  if (!prepare_splits()) return std::unexpected(ENOMEM);
  remove_range(address, address + bytes);
  return 0;
}

SpaceResult space_protect(uint64_t address, uint64_t bytes, Access access) {
  bytes = page_ceil(bytes);
  uint64_t end = address + bytes;
  if (address % kPageBytes) return std::unexpected(EINVAL);
  if (access == Access::execute) return std::unexpected(EACCES);
  if (!bytes) return 0;
  if (!in_program_space(address, bytes)) return std::unexpected(ENOMEM);
  if (!prepare_splits()) return std::unexpected(ENOMEM);
  split_at(address);
  split_at(end);
  uint64_t covered = address;
  for (Region* r = *find(address); r && r->begin < end; r = r->next) {
    if (r->begin != covered) return std::unexpected(ENOMEM);
    covered = r->end;
    if (r->file && access == Access::write && !r->file->may_write()) return std::unexpected(EACCES);
  }
  if (covered < end) return std::unexpected(ENOMEM);
  for (Region* r = *find(address); r && r->begin < end; r = r->next) {
    Region wanted = *r;
    wanted.access = access;
    if (!commit_region(wanted)) return std::unexpected(ENOMEM);
    r->committed = wanted.committed;
    set_access(*r, access);
  }
  merge_around(address, end);
  return 0;
}

SpaceResult space_discard(uint64_t address, uint64_t bytes) {
  bytes = page_ceil(bytes);
  if (address % kPageBytes) return std::unexpected(EINVAL);
  if (!bytes) return 0;
  uint64_t end = address + bytes;
  for (Region* r = *find(address); r && r->begin < end; r = r->next) {
    Region part = *r;
    if (part.begin < address) part.begin = address;
    if (part.end > end) part.end = end;
    if (!r->file) release_pages(part);
  }
  return 0;
}

SpaceResult space_remap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, bool may_move) {
  old_bytes = page_ceil(old_bytes);
  new_bytes = page_ceil(new_bytes);
  Region* old = region_at(address);
  if (address % kPageBytes || !new_bytes || !old_bytes) return std::unexpected(EINVAL);
  if (!old || old->file || address + old_bytes > old->end) return std::unexpected(EFAULT);
  if (new_bytes <= old_bytes) {
    if (new_bytes == old_bytes) return address;
    auto result = space_unmap(address + new_bytes, old_bytes - new_bytes);
    return result ? SpaceResult(address) : result;
  }
  uint64_t end = address + old_bytes;
  if (end == old->end && range_free(end, address + new_bytes) &&
      in_program_space(address, new_bytes)) {
    auto grown = space_map({.address = end,
                            .bytes = new_bytes - old_bytes,
                            .placement = Placement::fixed_no_replace,
                            .access = old->access});
    return grown ? SpaceResult(address) : grown;
  }
  if (!may_move) return std::unexpected(ENOMEM);
  auto moved = space_map({.bytes = new_bytes, .access = old->access});
  if (!moved) return moved;
  for (uint64_t offset = 0; offset < old_bytes; offset += kPageBytes) {
    uint64_t frame = unmap_page(address + offset);
    if (frame) map_page(*moved + offset, frame, old->access);
  }
  space_unmap(address, old_bytes);
  return moved;
}

uint64_t space_break(uint64_t wanted) {
  if (wanted < kBreakBase || wanted > kBreakEnd) return break_now;
  uint64_t old_end = page_ceil(break_now), new_end = page_ceil(wanted);
  if (new_end > old_end) {
    auto grown = space_map({.address = old_end,
                            .bytes = new_end - old_end,
                            .placement = Placement::fixed_no_replace,
                            .access = Access::write});
    if (!grown) return break_now;
  } else if (new_end < old_end && !space_unmap(new_end, old_end - new_end)) {
    return break_now;
  }
  return break_now = wanted;
}

namespace {

void fault_around(const Region& region, uint64_t address) {
  uint64_t begin = address & ~(kFaultAround * kPageBytes - 1),
           end = begin + kFaultAround * kPageBytes;
  if (begin < region.begin) begin = region.begin;
  if (end > region.end) end = region.end;
  PageMapping pages[kFaultAround];
  size_t count = 0;
  for (uint64_t at = begin; at < end; at += kPageBytes) {
    if (*leaf_of(at) & pte::kPresent) continue;
    uint64_t frame = allocate_frame(FrameKind::data);
    require(frame != 0, "no frame for committed memory");
    pages[count++] = {at, frame};
  }
  map_pages({pages, count}, region.access);
}

Fault fault_in_file(Region region, uint64_t address) {
  uint64_t index = region.page_in_file(address);
  auto frame = region.file->page_frame(index);  // may wait; the region may be gone afterwards
  if (!frame) {
    bool end = frame.error() == Trap::past_end_of_file;
    return {end ? FaultResult::past_end_of_file : FaultResult::file_error, index * kPageBytes};
  }
  Region* now = region_at(address);
  if (!now || now->file != region.file || now->access == Access::none) return {FaultResult::mapped};
  // A file that grew after it was mapped may lack the table.
  if (!reserve_tables(address, 1)) return {FaultResult::file_error, index * kPageBytes};
  if (!(*leaf_of(address) & pte::kPresent)) map_page(address, *frame, now->access);
  return {FaultResult::mapped};
}

}  // namespace

Fault space_fault(uint64_t address, Access wanted) {
  Region* region = region_at(address);
  if (!region) return {FaultResult::nothing};
  if (region->access == Access::none) return {FaultResult::guard};
  if (wanted == Access::execute) return {FaultResult::forbidden};
  if (wanted == Access::write && region->access != Access::write) return {FaultResult::forbidden};
  if (region->file) return fault_in_file(*region, page_floor(address));
  fault_around(*region, page_floor(address));
  return {FaultResult::mapped};
}

void unmap_file_page(const MappedFile& file, uint64_t index) {
  for (Region* r = regions; r; r = r->next) {
    if (r->file != &file || index < r->file_page || index >= r->file_page + r->pages()) continue;
    unmap_page(r->begin + (index - r->file_page) * kPageBytes);
  }
}

}  // namespace ukstore::libos
