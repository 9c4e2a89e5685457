# Says an empty line with its first instructions, and ends: what boots are measured against.
.section .note.Xen, "a", @note
.balign 4
.long 4, 8, 18
.asciz "Xen"
.quad _start
.text
.code32
.global _start
_start:
  mov $0x3f8, %dx
  mov $0x0a, %al
  outb %al, %dx
  xor %eax, %eax
  outl %eax, $0xf4
1: hlt
  jmp 1b
.section .note.GNU-stack, "", @progbits
