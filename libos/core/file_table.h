#pragma once
// Descriptors and names: what is open, and which files there are.
//
// Every path but the disk's lies in memory.  One processor, and system calls run to their end, so
// nothing here is locked.

#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/memory_file.h>

#include <string_view>

namespace ukstore::libos {

constexpr size_t kDescriptors = 64, kNames = 64, kPathMax = 256;

struct Descriptor {
  File* file = nullptr;
  bool console = false, directory = false;
  uint32_t flags = 0;
  uint64_t offset = 0;
  bool open() const { return file || console || directory; }
};

// A name in memory.  A removed file lives on while it is open or mapped.
struct Name {
  char path[kPathMax] = {};
  bool directory = false;
  bool used = false, removed = false;
  uint32_t opens = 0;
  MemoryFile file;
};

// The open descriptor of that number; nullptr if there is none.
Descriptor* descriptor(uint64_t number);
// The lowest number from `from` on that is not open; -EMFILE if all are.
int64_t free_descriptor(uint64_t from = 0);
// The slot of a number that `free_descriptor` gave.
Descriptor& descriptor_slot(uint64_t number);
// Opens a path with the flags of open(2): a number, or a negative errno.
int64_t open_path(std::string_view path, uint64_t flags);

Name* find_name(std::string_view path);
// The name whose file this is; nullptr for the disk.
Name* name_of(const File* file);
// A directory is one that was made, or whatever lies above a file that exists.
bool is_directory(std::string_view path);
// nullptr if there is no room for another name.
Name* make_name(std::string_view path, bool directory);
// Frees a removed file once nothing holds it.
void release_if_gone(Name& name);

// The disk and its path; nullptr if the machine has none.
File* disk_file();
bool is_disk_path(std::string_view path);

}  // namespace ukstore::libos
