# The empty table of the first link.
.section .libos.symbols, "a"
.balign 4
.global libos_symbol_count, libos_symbol_addresses, libos_symbol_names
libos_symbol_count: .long 0
libos_symbol_addresses:
libos_symbol_names:
.section .note.GNU-stack, "", @progbits
