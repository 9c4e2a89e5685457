#pragma once
// The processor's own tables: GDT, IDT, TSS.  They live in sealed pages.

#include <cstdint>

namespace ukstore::libos {

// What an interrupt or exception left on the stack.  Written by entry.S.
struct TrapFrame {
  uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
  uint64_t vector, error, rip, cs, flags, rsp, ss;
};

// Fills and loads the tables, and sets up `syscall`.  Must run before the sealed pages are
// write-protected.
void descriptors_start();

// What an XSAVE area (or, without XSAVE, an FXSAVE area) of the enabled state takes, in bytes.
// Enables the state.  Panics on a processor without no-execute, SSE2 or FXSAVE.
uint64_t vector_state_start();
void save_vector_state(void* area);
void restore_vector_state(const void* area);

}  // namespace ukstore::libos
