#pragma once
// Our side of the benchmarks: a store on LMDB, filled and changed as the peers are.

#include <ukstore/bench/store/data.h>
#include <ukstore/ukstore.h>

#include <memory>
#include <stdexcept>

namespace ukstore::bench {

// The value of a result; a benchmark whose store fails is no benchmark, so errors are thrown.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Opens the store in this folder, or makes one there.
std::unique_ptr<Store> open_store(const std::filesystem::path& folder, StoreOptions options = {});

// One commit on branch "main" that holds these sorted keys, the i-th with value(i), below
// `directory` (a path, or empty).
void fill(Store& store, const std::vector<std::string>& keys, std::string_view directory = {});

// One commit on `branch` that sets one path.
void commit_one(Store& store, std::string_view path, std::string_view value,
                std::string_view branch = "main");

}  // namespace ukstore::bench
