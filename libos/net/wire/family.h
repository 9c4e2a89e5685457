#pragma once

#include <cstdint>

namespace ukstore::net {

enum class Family : uint8_t { ipv4, ipv6 };

}  // namespace ukstore::net
