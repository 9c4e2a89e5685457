# Every way into libos from the program, and every way back.  All of it is ring 0: `syscall` does
# not change the stack, and an interrupt changes it only because its gate names an IST slot.

.text

# System call: rax = number, rdi rsi rdx r10 r8 r9 = arguments, rcx = return address, r11 = flags.
# Interrupts are off (SFMASK).  The program's stack is not touched, so its red zone survives.
.global libos_syscall_entry
.type libos_syscall_entry, @function
libos_syscall_entry:
  mov %rsp, libos_program_rsp(%rip)
  mov libos_kernel_stack_top(%rip), %rsp
  pushq libos_program_rsp(%rip)
  push %rcx
  push %r11
  push %rax
  push %rdi
  push %rsi
  push %rdx
  push %r10
  push %r8
  push %r9
  mov %rsp, %rdi
  cld
  call libos_syscall
.global libos_syscall_return
libos_syscall_return:
  pop %r9
  pop %r8
  pop %r10
  pop %rdx
  pop %rsi
  pop %rdi
  add $8, %rsp                       # the number; rax holds the result
  pop %r11
  pop %rcx
  pop %rsp
  sti                                # takes effect after the jump
  jmp *%rcx
.size libos_syscall_entry, . - libos_syscall_entry

# A new thread starts here, on its kernel stack, with a copy of its parent's frame above.
.global libos_thread_start
.type libos_thread_start, @function
libos_thread_start:
  xor %eax, %eax
  xor %ebx, %ebx
  xor %ebp, %ebp
  jmp libos_syscall_return

# The program's first instruction: rdi = entry point, rsi = its stack.
.global libos_program_start
.type libos_program_start, @function
libos_program_start:
  mov %rdi, %rcx
  mov %rsi, %rsp
  xor %eax, %eax
  xor %ebx, %ebx
  xor %edx, %edx
  xor %edi, %edi
  xor %esi, %esi
  xor %ebp, %ebp
  sti
  jmp *%rcx

# libos_switch(uint64_t* save_rsp, uint64_t rsp)
.global libos_switch
.type libos_switch, @function
libos_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret

# Interrupts and exceptions.  The stub runs on an IST stack, copies the frame to the thread's kernel
# stack (below what is in use there, if libos itself was interrupted) and leaves the IST stack at
# once, so that waiting inside a page fault is legal.
.macro stub number, has_error
.balign 16
  .if \has_error == 0
  push $0
  .endif
  push $\number
  jmp libos_trap_common
.endm

.balign 16
.global libos_trap_stubs
libos_trap_stubs:
.set i, 0
.rept 256
  .if (i == 8) || ((i >= 10) && (i <= 14)) || (i == 17) || (i == 21) || (i == 29) || (i == 30)
  stub i, 1
  .else
  stub i, 0
  .endif
  .set i, i + 1
.endr

.global libos_trap_common
.type libos_trap_common, @function
libos_trap_common:                   # stack: vector, error, rip, cs, flags, rsp, ss
  push %rax
  push %rcx
  mov 56(%rsp), %rax                 # the interrupted rsp
  cmp libos_kernel_stack_low(%rip), %rax
  jb 1f
  cmp libos_kernel_stack_top(%rip), %rax
  jbe 2f
1:
  mov libos_kernel_stack_top(%rip), %rax
2:
  and $-16, %rax
  sub $72, %rax                      # 7 words of frame and the 2 saved registers
  mov 64(%rsp), %rcx
  mov %rcx, 64(%rax)
  mov 56(%rsp), %rcx
  mov %rcx, 56(%rax)
  mov 48(%rsp), %rcx
  mov %rcx, 48(%rax)
  mov 40(%rsp), %rcx
  mov %rcx, 40(%rax)
  mov 32(%rsp), %rcx
  mov %rcx, 32(%rax)
  mov 24(%rsp), %rcx
  mov %rcx, 24(%rax)
  mov 16(%rsp), %rcx
  mov %rcx, 16(%rax)
  mov 8(%rsp), %rcx
  mov %rcx, 8(%rax)
  mov (%rsp), %rcx
  mov %rcx, (%rax)
  mov %rax, %rsp
  push %rdx
  push %rbx
  push %rbp
  push %rsi
  push %rdi
  push %r8
  push %r9
  push %r10
  push %r11
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, %rdi
  mov %rsp, %rbx
  and $-16, %rsp
  cld
  call libos_trap
.global libos_trap_return
libos_trap_return:
  mov %rbx, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %r11
  pop %r10
  pop %r9
  pop %r8
  pop %rdi
  pop %rsi
  pop %rbp
  pop %rbx
  pop %rdx
  pop %rcx
  pop %rax
  add $16, %rsp
  iretq

.data
.balign 8
.global libos_kernel_stack_low, libos_kernel_stack_top, libos_program_rsp
libos_kernel_stack_low: .quad libos_boot_stack
libos_kernel_stack_top: .quad libos_boot_stack_top
libos_program_rsp: .quad 0
.section .note.GNU-stack, "", @progbits
