#pragma once
// The end of the machine, with a reason.

#include <ukstore/libos/core/text.h>
#include <ukstore/libos/core/trap_codes.h>

namespace ukstore::libos {

struct TrapFrame;

// Prints the reason, the build id and a backtrace (of `frame` if it is given, else of the caller),
// and ends the machine with the trap's exit code.  A second panic inside the first ends it at once.
[[noreturn]] void stop(Trap trap, std::string_view reason, const TrapFrame* frame);

template <typename... Parts>
[[noreturn]] void panic(Trap trap, const Parts&... parts) {
  Line line;
  line.add(parts...);
  stop(trap, line.view(), nullptr);
}

// Our own assumptions: checked in every build.
inline void require(bool holds, std::string_view what) {
  if (!holds) stop(Trap::panic, what, nullptr);
}

}  // namespace ukstore::libos
