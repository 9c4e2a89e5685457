#pragma once
// A backend in memory: the model that the others are compared with, and the store of tests and
// caches.

#include <ukstore/store/backend.h>

#include <chrono>

namespace ukstore {

// A writer waits up to `lock_timeout` for another one.
std::unique_ptr<Backend> make_memory_backend(
    std::chrono::milliseconds lock_timeout = std::chrono::milliseconds(10'000));

}  // namespace ukstore
