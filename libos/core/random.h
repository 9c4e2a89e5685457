#pragma once
// Random bytes: RDSEED or RDRAND, virtio-rng and the command line's seed, mixed by BLAKE2s,
// stretched by ChaCha20 whose key is replaced after each use, so that no earlier output can be
// found from it.

#include <cstddef>
#include <string_view>

namespace ukstore::libos {

// Panics with no_randomness unless at least the processor or a virtio-rng device gave some.
// Logs which sources there were.
void random_start(std::string_view seed);

void random_fill(std::byte* out, size_t bytes);

}  // namespace ukstore::libos
