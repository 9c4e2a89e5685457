# Ends the virtual machine with its first instruction: what boots are measured against.
.section .note.Xen, "a", @note
.balign 4
.long 4, 8, 18
.asciz "Xen"
.quad _start
.text
.code32
.global _start
_start:
  xor %eax, %eax
  outl %eax, $0xf4
1: hlt
  jmp 1b
.section .note.GNU-stack, "", @progbits
