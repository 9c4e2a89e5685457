#pragma once
// Why a machine stopped by itself.  The value is the exit code that the host sees; the name is the
// first word of the last console line.  A program's own exit code is below 160.

#include <cstdint>
#include <string_view>

namespace ukstore::libos {

enum class Trap : uint8_t {
  panic = 200,            // a broken assumption of libos
  null_pointer,           // an access below the first page
  write_to_text,          // a write to program or libos code
  write_to_rodata,        // a write to a constant, or to what was sealed at start
  write_to_page_table,    // a write to a page table outside pt_write()
  execute_data,           // a jump into data, heap or stack
  stack_overflow,         // a guard page below the stack of a thread
  kernel_stack_overflow,  // the guard page below a stack of libos
  unmapped,               // an access to an address with nothing behind it
  forbidden,              // an access that the mapping does not allow
  invalid_opcode,
  divide_error,
  general_protection,
  double_fault,
  past_end_of_file,     // a mapped page beyond the end of its file
  file_error,           // a mapped page that the disk failed to give
  unknown_system_call,  // only with syscalls=strict
  page_table_rule,      // pt_write() was asked for a forbidden entry
  bad_machine,          // no usable memory, processor or device
  bad_command_line,
  no_randomness,
  no_flush,             // a disk without flush, and durability=device not given
  processor_exception,  // any other exception
};

constexpr std::string_view name_of(Trap trap) {
  constexpr std::string_view names[] = {"panic",
                                        "null-pointer",
                                        "write-to-text",
                                        "write-to-rodata",
                                        "write-to-page-table",
                                        "execute-data",
                                        "stack-overflow",
                                        "kernel-stack-overflow",
                                        "unmapped",
                                        "forbidden",
                                        "invalid-opcode",
                                        "divide-error",
                                        "general-protection",
                                        "double-fault",
                                        "past-end-of-file",
                                        "file-error",
                                        "unknown-system-call",
                                        "page-table-rule",
                                        "bad-machine",
                                        "bad-command-line",
                                        "no-randomness",
                                        "no-flush",
                                        "processor-exception"};
  return names[static_cast<uint8_t>(trap) - static_cast<uint8_t>(Trap::panic)];
}

}  // namespace ukstore::libos
