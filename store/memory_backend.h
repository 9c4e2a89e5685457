#pragma once
// A backend in memory: the model that the others are compared with, and the store of tests and caches.

#include <ukstore/store/backend.h>

namespace ukstore {

std::unique_ptr<Backend> make_memory_backend();

}  // namespace ukstore
