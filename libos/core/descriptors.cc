#include <ukstore/libos/core/descriptors.h>

#include <ukstore/libos/core/layout.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

extern "C" {
void libos_syscall_entry();
extern std::byte libos_trap_stubs[];
}

namespace ukstore::libos {
namespace {

constexpr uint16_t kCode = 0x08, kData = 0x10, kTaskState = 0x18;
constexpr uint64_t kIstBytes = 4096;

// IST slots: 1 for everything that returns, and one each for what may come at any time.
enum IstSlot : uint8_t { kIstTrap = 1, kIstDoubleFault, kIstNmi, kIstMachineCheck };

struct [[gnu::packed]] TaskState {
  uint32_t reserved0;
  uint64_t rsp[3];
  uint64_t reserved1;
  uint64_t ist[7];
  uint64_t reserved2;
  uint16_t reserved3, io_map;
};

struct Gate {
  uint16_t offset_low, selector;
  uint8_t ist, type;
  uint16_t offset_middle;
  uint32_t offset_high, reserved;
};

struct [[gnu::packed]] TablePointer {
  uint16_t limit;
  uint64_t base;
};

[[gnu::section(".bss_libos_sealed")]] alignas(16) Gate idt[256];
[[gnu::section(".bss_libos_sealed")]] alignas(16) uint64_t gdt[5];
[[gnu::section(".bss_libos_sealed")]] alignas(16) TaskState task_state;
alignas(4096) std::byte ist_stacks[4][kIstBytes];

bool has_xsave = false;
uint32_t enabled_state = 3;

void fill_gdt() {
  gdt[1] = 0x00af9b000000ffff;
  gdt[2] = 0x00cf93000000ffff;
  auto base = reinterpret_cast<uint64_t>(&task_state);
  gdt[3] = (sizeof(TaskState) - 1) | (base & 0xffffff) << 16 | uint64_t{0x89} << 40 |
           (base >> 24 & 0xff) << 56;
  gdt[4] = base >> 32;
}

void fill_idt() {
  for (unsigned i = 0; i < 256; ++i) {
    auto stub = reinterpret_cast<uint64_t>(libos_trap_stubs) + i * 16;
    uint8_t ist = i == 8    ? kIstDoubleFault
                  : i == 2  ? kIstNmi
                  : i == 18 ? kIstMachineCheck
                            : kIstTrap;
    idt[i] = {
        static_cast<uint16_t>(stub),       kCode, ist, 0x8e, static_cast<uint16_t>(stub >> 16),
        static_cast<uint32_t>(stub >> 32), 0};
  }
}

}  // namespace

void descriptors_start() {
  for (int i = 0; i < 4; ++i) {
    task_state.ist[i] = reinterpret_cast<uint64_t>(ist_stacks[i]) + kIstBytes;
  }
  task_state.io_map = sizeof(TaskState);
  fill_gdt();
  fill_idt();
  TablePointer gdt_pointer{sizeof gdt - 1, reinterpret_cast<uint64_t>(gdt)};
  TablePointer idt_pointer{sizeof idt - 1, reinterpret_cast<uint64_t>(idt)};
  asm volatile("lgdt %0; lidt %1" ::"m"(gdt_pointer), "m"(idt_pointer));
  asm volatile("mov %w0, %%ds; mov %w0, %%es; mov %w0, %%ss; ltr %w1" ::"r"(uint32_t{kData}),
               "r"(uint32_t{kTaskState})
               : "memory");
  // `syscall` loads cs from bits 32..47 and ss from the next descriptor; it masks all that matters.
  write_msr(0xc0000081, static_cast<uint64_t>(kCode) << 32);
  write_msr(0xc0000082, reinterpret_cast<uint64_t>(libos_syscall_entry));
  write_msr(0xc0000084, 0x47700);  // trap, interrupt, direction, IO level, nested, alignment
}

uint64_t vector_state_start() {
  constexpr uint32_t kFxsr = 1u << 24, kSse2 = 1u << 26, kXsave = 1u << 26, kAvx = 1u << 28;
  Cpuid features = cpuid(1);
  if (!(features.edx & kFxsr) || !(features.edx & kSse2)) panic(Trap::bad_machine, "no SSE2");
  if (!(cpuid(0x80000001).edx & 1u << 20)) panic(Trap::bad_machine, "no no-execute pages");
  uint64_t cr4 = read_cr4() | 1u << 9 | 1u << 10;  // OSFXSR, OSXMMEXCPT
  has_xsave = features.ecx & kXsave;
  if (has_xsave) cr4 |= 1u << 18;
  write_cr4(cr4);
  asm volatile("fninit");
  if (!has_xsave) return 512;
  constexpr uint32_t kAvx512 = 0xe0;
  uint32_t offered = cpuid(13).eax;
  enabled_state = 3;
  if (features.ecx & kAvx) enabled_state |= offered & 4;
  if (enabled_state & 4 && (offered & kAvx512) == kAvx512) enabled_state |= kAvx512;
  asm volatile("xsetbv" ::"c"(0), "a"(enabled_state), "d"(0));
  return cpuid(13).ebx;
}

void save_vector_state(void* area) {
  if (has_xsave) {
    asm volatile("xsave64 (%0)" ::"r"(area), "a"(enabled_state), "d"(0) : "memory");
  } else {
    asm volatile("fxsave64 (%0)" ::"r"(area) : "memory");
  }
}

void restore_vector_state(const void* area) {
  if (has_xsave) {
    asm volatile("xrstor64 (%0)" ::"r"(area), "a"(enabled_state), "d"(0) : "memory");
  } else {
    asm volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
  }
}

}  // namespace ukstore::libos
