#pragma once
// Files and descriptors.  The disk is one file; every other file is in memory.

#include <cstdint>
#include <string_view>

#include <ukstore/libos/core/space.h>

namespace ukstore::libos {

// What a descriptor leads to.  Sizes and offsets in bytes; results are counts or minus an errno.
class File {
 public:
  virtual int64_t read(uint64_t offset, std::byte* to, uint64_t bytes) = 0;
  virtual int64_t write(uint64_t offset, const std::byte* from, uint64_t bytes) = 0;
  // All that was written is on the medium when this returns 0.
  virtual int64_t sync() = 0;
  virtual int64_t truncate(uint64_t bytes) = 0;
  virtual uint64_t size() const = 0;
  // Null if it cannot be mapped.
  virtual MappedFile* mapped() = 0;

 protected:
  ~File() = default;
};

// How many bytes the program may write to the console.
void limit_console(uint64_t bytes);

// Makes the disk the file of its path.
void use_disk(File& disk, std::string_view path);

// The file of an open descriptor; null if it is not open.
File* file_of(uint64_t descriptor);

// Writes back what the disk has not yet got.  Called before the machine stops in good order.
void sync_files();

}  // namespace ukstore::libos
