# The way from a monitor's PVH entry (32-bit protected mode, paging off, ebx = start info) to
# `libos_start` in long mode.  The tables made here map the first GiB twice, writable and
# executable; libos replaces them by its own before the program runs.

.section .note.Xen, "a", @note
.balign 4
.long 4, 8, 18                       # XEN_ELFNOTE_PHYS32_ENTRY
.asciz "Xen"
.quad libos_pvh_entry

.section .bss_libos_early, "aw", @nobits
.balign 4096
early_pml4: .skip 4096
early_pdpt: .skip 4096
early_pd: .skip 4096

.global libos_boot_stack
libos_boot_stack: .skip 16384
.global libos_boot_stack_top
libos_boot_stack_top:

.section .rodata.libos.boot, "a"
.balign 8
early_gdt:
.quad 0
.quad 0x00af9b000000ffff             # 0x08: 64-bit code, ring 0
.quad 0x00cf93000000ffff             # 0x10: data, ring 0
early_gdt_end:
early_gdt_pointer:
.word early_gdt_end - early_gdt - 1
.long early_gdt

.section .text.libos.boot, "ax"
.code32
.global libos_pvh_entry
.type libos_pvh_entry, @function
libos_pvh_entry:
  cld
  cli
  mov $libos_boot_stack_top, %esp
  mov %ebx, %esi

  mov $early_pdpt + 3, %eax
  mov %eax, early_pml4               # addresses as they are
  mov %eax, early_pml4 + 256 * 8     # the direct map
  movl $early_pd + 3, early_pdpt
  mov $early_pd, %edi
  mov $0x83, %eax                    # present, writable, 2 MiB
  mov $512, %ecx
1:
  mov %eax, (%edi)
  movl $0, 4(%edi)
  add $0x200000, %eax
  add $8, %edi
  dec %ecx
  jnz 1b

  mov $early_pml4, %eax
  mov %eax, %cr3
  mov %cr4, %eax
  or $0x20, %eax                     # PAE
  mov %eax, %cr4
  mov $0xc0000080, %ecx              # EFER: long mode, no-execute, syscall
  rdmsr
  or $0x901, %eax
  wrmsr
  mov %cr0, %eax
  and $0xfffffff3, %eax              # no emulation, no task-switched trap
  or $0x80010023, %eax               # paging, write protect, native errors, monitor
  mov %eax, %cr0
  lgdt early_gdt_pointer
  ljmp $0x08, $1f
.code64
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  xor %eax, %eax
  mov %eax, %fs
  mov %eax, %gs
  mov $libos_boot_stack_top, %rsp
  xor %ebp, %ebp
  mov %esi, %edi
  call libos_start
  ud2
.section .note.GNU-stack, "", @progbits
