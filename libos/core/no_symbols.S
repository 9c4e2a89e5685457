# In the first link's place: no name and no build id.
.section .note.libos.id, "a", @note
.balign 4
.long 4, 20, 3
.asciz "GNU"
.skip 20
.section .libos.symbols, "a"
.balign 4
.global libos_symbol_count, libos_symbol_distances, libos_symbol_pairs, libos_symbol_names
libos_symbol_count: .long 0
libos_symbol_distances:
libos_symbol_pairs:
libos_symbol_names:
.section .note.GNU-stack, "", @progbits
