#include <ukstore/libos/core/file_table.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>

#include <cstring>
#include <new>

#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

Descriptor descriptors[kDescriptors] = {{.console = true, .flags = O_RDONLY},
                                        {.console = true, .flags = O_WRONLY},
                                        {.console = true, .flags = O_WRONLY}};
Name* names[kNames];
File* disk = nullptr;
std::string_view disk_path = "/disk";

}  // namespace

Descriptor* descriptor(uint64_t number) {
  return number < kDescriptors && descriptors[number].open() ? &descriptors[number] : nullptr;
}

int64_t free_descriptor(uint64_t from) {
  for (uint64_t i = from; i < kDescriptors; ++i) {
    if (!descriptors[i].open()) return static_cast<int64_t>(i);
  }
  return -EMFILE;
}

Name* find_name(std::string_view path) {
  for (Name* name : names) {
    if (name && name->used && !name->removed && path == name->path) return name;
  }
  return nullptr;
}

Name* name_of(const File* file) {
  for (Name* name : names) {
    if (name && name->used && &name->file == file) return name;
  }
  return nullptr;
}

bool is_directory(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return true;
  auto above = [&](std::string_view other) {
    return other.size() > path.size() && other.starts_with(path) && other[path.size()] == '/';
  };
  if (disk && above(disk_path)) return true;
  for (Name* name : names) {
    if (!name || !name->used || name->removed) continue;
    if ((name->directory && path == name->path) || above(name->path)) return true;
  }
  return false;
}

Name* make_name(std::string_view path, bool directory) {
  for (Name*& slot : names) {
    if (slot && slot->used) continue;
    if (!slot) {
      static_assert(sizeof(Name) <= kPageBytes);
      std::byte* page = kernel_pages(1);
      if (!page) return nullptr;
      slot = reinterpret_cast<Name*>(page);
    }
    new (slot) Name;
    std::memcpy(slot->path, path.data(), path.size());
    slot->used = true;
    slot->directory = directory;
    return slot;
  }
  return nullptr;
}

void release_if_gone(Name& name) {
  if (!name.removed || name.opens || name.file.is_mapped()) return;
  name.file.truncate(0);
  name.used = false;
}

int64_t open_path(std::string_view path, uint64_t flags) {
  int64_t number = free_descriptor();
  if (number < 0) return number;
  if (path.size() >= kPathMax) return -ENAMETOOLONG;
  Descriptor& d = descriptors[number];
  if (path == disk_path) {
    if (!disk) return -ENXIO;  // never a file in memory in the disk's place
    if (flags & O_TRUNC) {
      if (int64_t error = disk->truncate(0)) return error;
    }
    d = {.file = disk, .flags = static_cast<uint32_t>(flags)};
    return number;
  }
  Name* name = find_name(path);
  if (is_directory(path)) {
    if ((flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT) return -EISDIR;
    d = {.directory = true, .flags = static_cast<uint32_t>(flags)};
    return number;
  }
  if (name && flags & O_CREAT && flags & O_EXCL) return -EEXIST;
  if (!name && !(flags & O_CREAT)) return -ENOENT;
  if (!name && !(name = make_name(path, false))) return -ENOSPC;
  if (flags & O_TRUNC) name->file.truncate(0);
  ++name->opens;
  d = {.file = &name->file, .flags = static_cast<uint32_t>(flags)};
  return number;
}

Descriptor& descriptor_slot(uint64_t number) { return descriptors[number]; }

File* disk_file() { return disk; }
bool is_disk_path(std::string_view path) { return path == disk_path; }

void use_disk(File& file, std::string_view path) {
  disk = &file;
  disk_path = path;
}

File* file_of(uint64_t number) {
  Descriptor* d = descriptor(number);
  return d ? d->file : nullptr;
}

void sync_files() {
  if (disk) disk->sync();
}

}  // namespace ukstore::libos
