#pragma once
// The making of a store's data file.

#include <ukstore/store/error.h>

#include <chrono>
#include <filesystem>

namespace ukstore {

// Makes an LMDB file with the format record of an empty store at `data`, if there is none.  It is
// written under another name, brought to the disk and then renamed: whatever a crash or a power cut
// leaves, under its own name the file is there whole, or not at all.  What an earlier attempt left
// under the other name is written over.  Of several processes that try at once, `lock` (the
// writers' lock file) lets one do it.
//
// On a system that cannot rename (an image, whose disk is there from the start) nothing is made,
// and the first who opens the file makes it in place.
//
// Fails with `locked` if that takes longer than `timeout`, with `io` and `full`.
Result<void> create_lmdb_file(const std::filesystem::path& data, const std::filesystem::path& lock,
                              uint64_t map_bytes, std::chrono::milliseconds timeout);

// Makes the names in a directory survive a power cut.
void sync_directory(const std::filesystem::path& path);

}  // namespace ukstore
