#include <ukstore/libos/core/pvh.h>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

constexpr uint32_t kMagic = 0x336ec578;
constexpr uint64_t kLowest = 0x10000;        // the firmware's own data lies below
constexpr uint64_t kEarlyMapped = 1u << 30;  // what boot.S maps
constexpr uint32_t kRam = 1, kEntriesMax = 128;

struct StartInfo {
  uint32_t magic, version, flags, module_count;
  uint64_t modules, command_line, rsdp;
  uint64_t memory_map;  // from version 1 on
  uint32_t memory_map_entries, reserved;
};

struct MemoryMapEntry {
  uint64_t address, bytes;
  uint32_t type, reserved;
};

void add_range(Machine& machine, uint64_t begin, uint64_t end) {
  begin = page_ceil(begin < kLowest ? kLowest : begin);
  end = page_floor(end);
  if (begin >= end || machine.ram_count == machine.ram.size()) return;
  size_t at = machine.ram_count++;
  for (; at && machine.ram[at - 1].begin > begin; --at) machine.ram[at] = machine.ram[at - 1];
  machine.ram[at] = {begin, end};
  for (size_t i = 0; i + 1 < machine.ram_count; ++i) {
    if (machine.ram[i].end > machine.ram[i + 1].begin)
      machine.ram[i].end = machine.ram[i + 1].begin;
  }
}

}  // namespace

Machine read_start_info(uint64_t physical) {
  Machine machine;
  if (physical == 0 || physical > kEarlyMapped) panic(Trap::bad_machine, "no start info");
  const auto* info = direct<StartInfo>(physical);
  if (info->magic != kMagic)
    panic(Trap::bad_machine, "the start info's magic is ", hex(info->magic));
  if (info->version < 1 || !info->memory_map || info->memory_map_entries > kEntriesMax) {
    panic(Trap::bad_machine, "the start info has no memory map");
  }
  const auto* entry = direct<MemoryMapEntry>(info->memory_map);
  for (uint32_t i = 0; i < info->memory_map_entries; ++i) {
    if (entry[i].type == kRam)
      add_range(machine, entry[i].address, entry[i].address + entry[i].bytes);
  }
  if (machine.ram_count == 0) panic(Trap::bad_machine, "no RAM");
  if (info->command_line) {
    const char* from = direct<char>(info->command_line);
    for (size_t i = 0; i + 1 < sizeof machine.command_line && from[i]; ++i) {
      machine.command_line[i] = from[i];
    }
  }
  return machine;
}

}  // namespace ukstore::libos
