#pragma once
// The id of a store: 32 hex digits, drawn when it is made, in a private record that never leaves
// it.

#include <ukstore/store/store.h>

#include <string>

namespace ukstore::cli {

// Draws the id of a new store.
std::string make_store_id(Store& store);
// Empty for a store that was made without one.
std::string store_id(const Store& store);

}  // namespace ukstore::cli
