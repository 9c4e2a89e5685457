#pragma once
// What the machine is told on its command line:
//
//     KEY=VALUE ... -- ARGUMENT ...
//
// Words are separated by spaces; "a b" and \" keep spaces and quotes.  Words behind `--` are the
// program's arguments, but for `virtio_mmio.device=SIZE@ADDRESS:IRQ`, which monitors append.  An
// unknown key, or a value that its key does not take, is an error.  Nothing secret goes here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ukstore::libos {

struct Setting {
  std::string_view name, default_value, meaning;
};

inline constexpr Setting kSettings[] = {
    {"cache", "0", "KiB of memory for cached disk pages; 0 is a third of what is free at start"},
    {"console", "8388608", "bytes that the program may write to the console; the rest is dropped"},
    {"disk", "/disk", "the path by which the program opens the disk"},
    {"durability", "flush", "flush: refuse a disk without flush; device: believe such a disk"},
    {"log", "ring", "ring: keep libos's log in memory; console: print it too"},
    {"seed", "", "up to 64 characters mixed into the random pool (never the only source)"},
    {"stack", "256", "KiB of stack for the main thread, and by default for others"},
    {"syscalls", "lenient",
     "strict: an unknown system call ends the machine; lenient: it is ENOSYS"},
    {"time", "0", "seconds since 1970 if the machine has no clock; 0 is unset"},
};

struct MmioDevice {
  uint64_t address = 0;
  uint32_t bytes = 0, irq = 0;
};

struct Settings {
  uint64_t cache_kib = 0;
  uint64_t console_bytes = 8u << 20;
  std::string_view disk_path = "/disk";
  bool trust_device = false;
  bool log_to_console = false;
  std::string_view seed;
  uint64_t stack_kib = 256;
  bool strict_system_calls = false;
  uint64_t wall_seconds = 0;

  std::array<MmioDevice, 32> mmio = {};
  size_t mmio_count = 0;
  // The program's arguments, from argv[0], as strings that end in NUL.
  std::array<const char*, 64> arguments = {};
  size_t argument_count = 0;

  // The word that was wrong; empty if none was.
  std::string_view error;
};

// Takes the words of `text` (which it rewrites, and which must outlive the result).
Settings parse_command_line(char* text, size_t size);

}  // namespace ukstore::libos
