#include <ukstore/libos/core/program_stack.h>

#include <elf.h>
#include <cstring>

#include <ukstore/libos/core/layout.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/random.h>
#include <ukstore/libos/core/space.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

uint64_t stack_bytes = 256 * 1024;

const Elf64_Ehdr& header() { return *reinterpret_cast<const Elf64_Ehdr*>(libos_image_start); }

uint64_t map_stack() {
  auto guard = space_map({.bytes = kPageBytes + stack_bytes, .access = Access::none});
  if (!guard || !space_protect(*guard + kPageBytes, stack_bytes, Access::write)) {
    panic(Trap::bad_machine, "too little memory for a stack of ", stack_bytes, " bytes");
  }
  return *guard + kPageBytes + stack_bytes;
}

// Bytes pushed onto the new stack; where they lie.
uint64_t push(uint64_t& top, const void* bytes, size_t size) {
  top -= size;
  std::memcpy(reinterpret_cast<void*>(top), bytes, size);
  return top;
}

}  // namespace

uint64_t program_entry() { return header().e_entry; }
uint64_t program_stack_bytes() { return stack_bytes; }

uint64_t make_program_stack(const Settings& settings) {
  stack_bytes = page_ceil(settings.stack_kib * 1024);
  uint64_t top = map_stack();
  std::byte seed[16];
  random_fill(seed, sizeof seed);
  uint64_t random = push(top, seed, sizeof seed);
  uint64_t arguments[64];
  for (size_t i = 0; i < settings.argument_count; ++i) {
    arguments[i] = push(top, settings.arguments[i], std::strlen(settings.arguments[i]) + 1);
  }
  top &= ~uint64_t{15};

  const uint64_t vector[] = {
      AT_PHDR,   reinterpret_cast<uint64_t>(libos_image_start) + header().e_phoff,
      AT_PHENT,  header().e_phentsize,
      AT_PHNUM,  header().e_phnum,
      AT_PAGESZ, kPageBytes,
      AT_ENTRY,  header().e_entry,
      AT_HWCAP,  cpuid(1).edx,
      AT_CLKTCK, 100,
      AT_UID,    0,
      AT_EUID,   0,
      AT_GID,    0,
      AT_EGID,   0,
      AT_SECURE, 0,
      AT_RANDOM, random,
      AT_EXECFN, arguments[0],
      AT_NULL,   0};
  size_t words = 1 + settings.argument_count + 1 + 1;
  if ((words + sizeof vector / 8) % 2) top -= 8;  // the stack pointer is a multiple of 16
  push(top, vector, sizeof vector);
  const uint64_t end = 0;
  push(top, &end, 8);  // of the environment
  push(top, &end, 8);  // of the arguments
  push(top, arguments, settings.argument_count * 8);
  uint64_t count = settings.argument_count;
  return push(top, &count, 8);
}

}  // namespace ukstore::libos
