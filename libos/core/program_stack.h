#pragma once
// What the program finds when it starts.

#include <cstdint>

#include <ukstore/libos/core/settings.h>

namespace ukstore::libos {

// Maps the main thread's stack, with a guard page below, and writes argc, argv, an empty
// environment and the auxiliary vector on it.  The program's first stack pointer.
uint64_t make_program_stack(const Settings& settings);

uint64_t program_stack_bytes();

// The ELF header's entry point.
uint64_t program_entry();

}  // namespace ukstore::libos
