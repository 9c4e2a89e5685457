#pragma once
// The calls that move bytes.

#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {

// The call of that number if it reads, writes or syncs what is open; nullptr if not.
Call io_call(uint64_t number);

}  // namespace ukstore::libos
