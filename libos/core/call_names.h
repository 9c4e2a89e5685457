#pragma once
#include <cstdint>
#include <string_view>

namespace ukstore::libos {

// The Linux x86-64 name of a system call; "unnamed" if the number has none.
std::string_view call_name(uint64_t number);

}  // namespace ukstore::libos
