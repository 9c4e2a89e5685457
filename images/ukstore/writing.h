#pragma once
// What all commands that write have in common.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/types.h>

namespace ukstore::cli {

// One commit of what `write` does, or none if nothing changes; prints the head: {"commit","head"},
// where the commit is null if none was made.
Exit write(Context& context, Branch& branch, const std::string& message, const Write& write);

// The type has values that only operations can make.
Failure cannot_be_set(const ValueType& type, const Bytes& path);

// Bytes for a terminal: lines as they are, other control characters escaped, a line end at the end.
void print_for_terminal(Output& out, BytesView bytes);

}  // namespace ukstore::cli
