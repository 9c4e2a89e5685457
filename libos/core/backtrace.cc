#include <ukstore/libos/core/backtrace.h>

#include <cstring>

#include <ukstore/libos/core/layout.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/thread.h>

extern "C" {
extern std::byte libos_eh_frame_start[], libos_eh_frame_end[];
extern std::byte libos_syscall_entry[], libos_syscall_return[], libos_trap_common[];
extern std::byte libos_trap_return[], libos_notes_start[], libos_notes_end[];
// Filled in by the image's second link.
extern uint32_t libos_symbol_count;
extern const uint8_t libos_symbol_distances[], libos_symbol_pairs[][2], libos_symbol_names[];
}

namespace ukstore::libos {
namespace {

constexpr int kFramesMax = 64;

uint64_t address_of(const std::byte* symbol) { return reinterpret_cast<uint64_t>(symbol); }

bool in_text(uint64_t address) {
  return address >= address_of(libos_image_start) && address < address_of(libos_text_end);
}

std::optional<uint64_t> read_word(uint64_t address) {
  if (address % 8 || !is_mapped(address)) return std::nullopt;
  return *reinterpret_cast<const uint64_t*>(address);
}

// libos's assembly has no call frame information; what it pushed is known.
std::optional<FrameRegisters> through_entry(const FrameRegisters& r) {
  uint64_t rip = r.value[FrameRegisters::kRip], rsp = r.value[FrameRegisters::kRsp];
  if (!is_mapped(rsp)) return std::nullopt;
  if (rip == address_of(libos_syscall_return)) {
    auto* frame = reinterpret_cast<const SyscallFrame*>(rsp);
    FrameRegisters program = r;
    program.value[FrameRegisters::kRip] = frame->rip;
    program.value[FrameRegisters::kRsp] = frame->rsp;
    return program;
  }
  if (rip == address_of(libos_trap_return)) {
    return registers_of(*reinterpret_cast<const TrapFrame*>(r.value[FrameRegisters::kRbx]));
  }
  return std::nullopt;
}

}  // namespace

Symbol symbol_of(uint64_t address) {
  SymbolTable table{libos_symbol_count, libos_symbol_distances, libos_symbol_pairs,
                    libos_symbol_names};
  if (!in_text(address)) table.count = 0;
  return find_symbol(table, address);
}

void add_build_id(Text<41>& text) {
  constexpr uint32_t kBuildId = 3;
  auto* notes = reinterpret_cast<const std::byte*>(libos_notes_start);
  for (const std::byte* at = notes; at + 12 <= libos_notes_end;) {
    uint32_t name_bytes, bytes, type;
    std::memcpy(&name_bytes, at, 4);
    std::memcpy(&bytes, at + 4, 4);
    std::memcpy(&type, at + 8, 4);
    const std::byte* content = at + 12 + ((name_bytes + 3) & ~3u);
    if (type == kBuildId && !std::memcmp(at + 12, "GNU", 4)) {
      for (uint32_t i = 0; i < bytes; ++i) {
        auto byte = static_cast<uint8_t>(content[i]);
        text.add(std::string_view(&"0123456789abcdef"[byte >> 4], 1),
                 std::string_view(&"0123456789abcdef"[byte & 15], 1));
      }
      return;
    }
    at = content + ((bytes + 3) & ~3u);
  }
}

FrameRegisters registers_of(const TrapFrame& f) {
  FrameRegisters r;
  r.value = {f.rax, f.rdx, f.rcx, f.rbx, f.rsi, f.rdi, f.rbp, f.rsp, f.r8,
             f.r9,  f.r10, f.r11, f.r12, f.r13, f.r14, f.r15, f.rip};
  return r;
}

[[gnu::noinline]] FrameRegisters registers_here() {
  FrameRegisters r;
  asm volatile(
      "movq %%rbx, 24(%0); movq %%rbp, 48(%0); movq %%rsp, 56(%0); movq %%r12, 96(%0);"
      "movq %%r13, 104(%0); movq %%r14, 112(%0); movq %%r15, 120(%0);"
      "leaq 1f(%%rip), %%rax; movq %%rax, 128(%0); 1:" ::"r"(&r)
      : "rax", "memory");
  auto caller = caller_of({libos_eh_frame_start, libos_eh_frame_end}, r,
                          r.value[FrameRegisters::kRip], read_word);
  return caller ? *caller : r;
}

void backtrace(FrameRegisters at, void (*found)(uint64_t address)) {
  bool exact = true;  // rip is the instruction itself, not a return address
  for (int i = 0; i < kFramesMax; ++i) {
    uint64_t rip = at.value[FrameRegisters::kRip];
    if (auto outer = through_entry(at)) {
      at = *outer;
      exact = true;
      continue;
    }
    if (i == 0 || in_text(rip)) found(exact ? rip : rip - 1);
    auto caller =
        caller_of({libos_eh_frame_start, libos_eh_frame_end}, at, exact ? rip : rip - 1, read_word);
    if (!caller && i == 0) {
      // A jump to nowhere: its caller's address is on top of the stack.
      auto top = read_word(at.value[FrameRegisters::kRsp]);
      if (!top || !in_text(*top)) return;
      caller = at;
      caller->value[FrameRegisters::kRip] = *top;
      caller->value[FrameRegisters::kRsp] += 8;
    }
    if (!caller || !in_text(caller->value[FrameRegisters::kRip])) return;
    at = *caller;
    exact = false;
  }
}

}  // namespace ukstore::libos
