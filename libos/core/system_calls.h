#pragma once
// Linux's system calls, as far as static glibc, libstdc++, LMDB, OpenSSL and KJ make them.

#include <cstdint>

#include <ukstore/libos/core/settings.h>
#include <ukstore/libos/core/thread.h>

namespace ukstore::libos {

void system_calls_start(const Settings& settings);

// One call: its arguments are in the frame; it returns a result, or minus an errno.
using Call = int64_t (*)(const SyscallFrame& frame);

// The call of a number; null if there is none.  Each family answers for its own numbers.
Call memory_call(uint64_t number);
Call file_call(uint64_t number);
Call thread_call(uint64_t number);
Call time_call(uint64_t number);
Call identity_call(uint64_t number);
Call machine_call_of(uint64_t number);

}  // namespace ukstore::libos
