// Descriptors, names and what is done with them.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <cstring>
#include <new>

#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/memory_file.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

constexpr size_t kDescriptors = 64, kNames = 64, kPathMax = 256, kPiecesMax = 1024;
constexpr uint64_t kIoMax = 1u << 30;

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

Descriptor descriptors[kDescriptors] = {{.console = true, .flags = O_RDONLY},
                                        {.console = true, .flags = O_WRONLY},
                                        {.console = true, .flags = O_WRONLY}};
Name* names[kNames];
File* disk = nullptr;
uint64_t console_left = UINT64_MAX;
std::string_view disk_path = "/disk";

Descriptor* descriptor(uint64_t number) {
  return number < kDescriptors && descriptors[number].open() ? &descriptors[number] : nullptr;
}

int64_t free_descriptor(uint64_t from = 0) {
  for (uint64_t i = from; i < kDescriptors; ++i) {
    if (!descriptors[i].open()) return static_cast<int64_t>(i);
  }
  return -EMFILE;
}

std::string_view path_of(uint64_t argument) { return reinterpret_cast<const char*>(argument); }

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

// A directory is one that was made, or whatever lies above a file that exists.
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

int64_t call_open(const SyscallFrame& f) { return open_path(path_of(f.rdi), f.rsi); }
int64_t call_openat(const SyscallFrame& f) { return open_path(path_of(f.rsi), f.rdx); }

int64_t call_close(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  Name* name = d->file ? name_of(d->file) : nullptr;
  *d = {};
  if (name) {
    --name->opens;
    release_if_gone(*name);
  }
  return 0;
}

// A program that talks without end must not fill its host's disk.
void write_capped(std::string_view text) {
  if (text.size() <= console_left) {
    console_left -= text.size();
    return console_write(text);
  }
  if (console_left == 0) return;
  console_write(text.substr(0, console_left));
  console_left = 0;
  console_write("\nlibos: the console is full (console=BYTES); what follows is dropped\n");
}

int64_t write_to(Descriptor& d, uint64_t offset, const std::byte* from, uint64_t bytes) {
  if ((d.flags & O_ACCMODE) == O_RDONLY) return -EBADF;
  if (bytes > kIoMax) bytes = kIoMax;
  if (d.console) {
    write_capped({reinterpret_cast<const char*>(from), bytes});
    return static_cast<int64_t>(bytes);
  }
  if (!d.file) return -EBADF;
  int64_t done = d.file->write(offset, from, bytes);
  if (done > 0 && d.flags & O_DSYNC) {
    if (int64_t error = d.file->sync()) return error;
  }
  return done;
}

int64_t read_from(Descriptor& d, uint64_t offset, std::byte* to, uint64_t bytes) {
  if ((d.flags & O_ACCMODE) == O_WRONLY) return -EBADF;
  if (d.directory) return -EISDIR;
  return d.console ? 0 : d.file->read(offset, to, bytes > kIoMax ? kIoMax : bytes);
}

int64_t call_write(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->file && d->flags & O_APPEND) d->offset = d->file->size();
  int64_t done = write_to(*d, d->offset, reinterpret_cast<const std::byte*>(f.rsi), f.rdx);
  if (done > 0) d->offset += static_cast<uint64_t>(done);
  return done;
}

int64_t call_read(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  int64_t done = read_from(*d, d->offset, reinterpret_cast<std::byte*>(f.rsi), f.rdx);
  if (done > 0) d->offset += static_cast<uint64_t>(done);
  return done;
}

int64_t call_pwrite(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->console) return -ESPIPE;
  return write_to(*d, f.r10, reinterpret_cast<const std::byte*>(f.rsi), f.rdx);
}

int64_t call_pread(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->console) return -ESPIPE;
  return read_from(*d, f.r10, reinterpret_cast<std::byte*>(f.rsi), f.rdx);
}

struct Piece {
  std::byte* bytes;
  uint64_t size;
};

using Transfer = int64_t (*)(Descriptor&, uint64_t, std::byte*, uint64_t);

int64_t write_piece(Descriptor& d, uint64_t offset, std::byte* bytes, uint64_t size) {
  return write_to(d, offset, bytes, size);
}

// All pieces in turn, until one is not done in full.
int64_t transfer(Descriptor& d, uint64_t offset, const Piece* pieces, uint64_t count,
                 Transfer one) {
  if (count > kPiecesMax) return -EINVAL;
  int64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (!pieces[i].size) continue;
    int64_t done = one(d, offset + static_cast<uint64_t>(total), pieces[i].bytes, pieces[i].size);
    if (done < 0) return total ? total : done;
    total += done;
    if (static_cast<uint64_t>(done) < pieces[i].size) break;
  }
  return total;
}

int64_t call_writev(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->file && d->flags & O_APPEND) d->offset = d->file->size();
  int64_t done = transfer(*d, d->offset, reinterpret_cast<const Piece*>(f.rsi), f.rdx, write_piece);
  if (done > 0) d->offset += static_cast<uint64_t>(done);
  return done;
}

int64_t call_readv(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  int64_t done = transfer(*d, d->offset, reinterpret_cast<const Piece*>(f.rsi), f.rdx, read_from);
  if (done > 0) d->offset += static_cast<uint64_t>(done);
  return done;
}

int64_t call_pwritev(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->console) return -ESPIPE;
  return transfer(*d, f.r10, reinterpret_cast<const Piece*>(f.rsi), f.rdx, write_piece);
}

int64_t call_preadv(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (d->console) return -ESPIPE;
  return transfer(*d, f.r10, reinterpret_cast<const Piece*>(f.rsi), f.rdx, read_from);
}

int64_t call_lseek(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  if (!d->file) return -ESPIPE;
  auto by = static_cast<int64_t>(f.rsi);
  auto base = static_cast<int64_t>(f.rdx == 0 ? 0 : f.rdx == 1 ? d->offset : d->file->size());
  if (f.rdx > 2 || base + by < 0) return -EINVAL;
  d->offset = static_cast<uint64_t>(base + by);
  return base + by;
}

int64_t call_sync(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  return d->file ? d->file->sync() : -EINVAL;
}

// What may be mapped writably is only ever in memory, so there is nothing to do but for the disk.
int64_t call_msync(const SyscallFrame&) { return disk ? disk->sync() : 0; }

int64_t call_ftruncate(const SyscallFrame& f) {
  Descriptor* d = descriptor(f.rdi);
  if (!d || !d->file) return -EBADF;
  return d->file->truncate(f.rsi);
}

int64_t call_fcntl(const SyscallFrame& f) {
  constexpr uint64_t kDuplicateCloexec = 1030;
  Descriptor* d = descriptor(f.rdi);
  if (!d) return -EBADF;
  switch (f.rsi) {
    case F_GETFL:
      return d->flags;
    case F_GETFD:
      return 1;
    case F_GETLK:
      reinterpret_cast<struct flock*>(f.rdx)->l_type = F_UNLCK;
      return 0;
    case F_SETFL:
    case F_SETFD:
    case F_SETLK:
    case F_SETLKW:
      return 0;
    case F_DUPFD:
    case kDuplicateCloexec: {
      int64_t number = free_descriptor(f.rdx);
      if (number < 0) return number;
      if (Name* name = d->file ? name_of(d->file) : nullptr) ++name->opens;
      descriptors[number] = *d;
      return number;
    }
    default:
      return -EINVAL;
  }
}

void fill_stat(struct stat& s, const File* file, uint32_t kind) {
  std::memset(&s, 0, sizeof s);
  s.st_dev = file == disk && file ? 2 : 1;
  s.st_ino = reinterpret_cast<uint64_t>(file) >> 4;
  s.st_nlink = 1;
  s.st_mode = kind | (kind == S_IFDIR ? 0755 : 0644);
  s.st_blksize = kPageBytes;
  if (!file) return;
  s.st_size = static_cast<int64_t>(file->size());
  s.st_blocks = static_cast<int64_t>(file->size() / 512);
}

int64_t stat_path(std::string_view path, struct stat& s) {
  if (path == disk_path) {
    if (!disk) return -ENOENT;
    fill_stat(s, disk, S_IFREG);
    return 0;
  }
  if (is_directory(path)) {
    fill_stat(s, nullptr, S_IFDIR);
    return 0;
  }
  Name* name = find_name(path);
  if (!name) return -ENOENT;
  fill_stat(s, &name->file, S_IFREG);
  return 0;
}

int64_t stat_descriptor(uint64_t number, struct stat& s) {
  Descriptor* d = descriptor(number);
  if (!d) return -EBADF;
  // The console looks like a pipe, so that a program buffers its output as it does into one.
  fill_stat(s, d->file, d->console ? S_IFIFO : d->directory ? S_IFDIR : S_IFREG);
  return 0;
}

int64_t call_stat(const SyscallFrame& f) {
  return stat_path(path_of(f.rdi), *reinterpret_cast<struct stat*>(f.rsi));
}
int64_t call_fstat(const SyscallFrame& f) {
  return stat_descriptor(f.rdi, *reinterpret_cast<struct stat*>(f.rsi));
}
int64_t call_fstatat(const SyscallFrame& f) {
  auto& s = *reinterpret_cast<struct stat*>(f.rdx);
  std::string_view path = path_of(f.rsi);
  return path.empty() && f.r10 & AT_EMPTY_PATH ? stat_descriptor(f.rdi, s) : stat_path(path, s);
}

int64_t call_statfs(const SyscallFrame& f) {
  constexpr long kExt4 = 0xef53;
  auto* s = reinterpret_cast<struct statfs*>(f.rsi);
  std::memset(s, 0, sizeof *s);
  s->f_type = kExt4;
  s->f_bsize = s->f_frsize = kPageBytes;
  s->f_namelen = kPathMax - 1;
  return 0;
}

int64_t call_access(const SyscallFrame& f) {
  struct stat s;
  return stat_path(path_of(f.rdi), s);
}
int64_t call_faccessat(const SyscallFrame& f) {
  struct stat s;
  return stat_path(path_of(f.rsi), s);
}

int64_t call_mkdir(const SyscallFrame& f) {
  std::string_view path = path_of(f.rdi);
  if (path.size() >= kPathMax) return -ENAMETOOLONG;
  if (is_directory(path) || find_name(path)) return -EEXIST;
  return make_name(path, true) ? 0 : -ENOSPC;
}

int64_t remove_path(std::string_view path) {
  if (path == disk_path) return disk ? -EBUSY : -ENOENT;
  Name* name = find_name(path);
  if (!name) return -ENOENT;
  name->removed = true;
  release_if_gone(*name);
  return 0;
}
int64_t call_unlink(const SyscallFrame& f) { return remove_path(path_of(f.rdi)); }
int64_t call_unlinkat(const SyscallFrame& f) { return remove_path(path_of(f.rsi)); }

int64_t call_getcwd(const SyscallFrame& f) {
  if (f.rsi < 2) return -ERANGE;
  std::memcpy(reinterpret_cast<char*>(f.rdi), "/", 2);
  return 2;
}

int64_t call_ioctl(const SyscallFrame& f) { return descriptor(f.rdi) ? -ENOTTY : -EBADF; }
int64_t call_no_link(const SyscallFrame&) { return -ENOENT; }
int64_t call_locked(const SyscallFrame&) { return 0; }

}  // namespace

void limit_console(uint64_t bytes) { console_left = bytes; }

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

Call file_call(uint64_t number) {
  switch (number) {
    case __NR_open:
      return call_open;
    case __NR_openat:
      return call_openat;
    case __NR_close:
      return call_close;
    case __NR_read:
      return call_read;
    case __NR_write:
      return call_write;
    case __NR_readv:
      return call_readv;
    case __NR_writev:
      return call_writev;
    case __NR_pread64:
      return call_pread;
    case __NR_pwrite64:
      return call_pwrite;
    case __NR_preadv:
      return call_preadv;
    case __NR_pwritev:
      return call_pwritev;
    case __NR_lseek:
      return call_lseek;
    case __NR_fsync:
    case __NR_fdatasync:
      return call_sync;
    case __NR_msync:
      return call_msync;
    case __NR_ftruncate:
      return call_ftruncate;
    case __NR_fcntl:
      return call_fcntl;
    case __NR_stat:
    case __NR_lstat:
      return call_stat;
    case __NR_fstat:
      return call_fstat;
    case __NR_newfstatat:
      return call_fstatat;
    case __NR_statfs:
    case __NR_fstatfs:
      return call_statfs;
    case __NR_access:
      return call_access;
    case __NR_faccessat:
      return call_faccessat;
    case __NR_mkdir:
      return call_mkdir;
    case __NR_unlink:
      return call_unlink;
    case __NR_unlinkat:
      return call_unlinkat;
    case __NR_getcwd:
      return call_getcwd;
    case __NR_ioctl:
      return call_ioctl;
    case __NR_readlink:
    case __NR_readlinkat:
      return call_no_link;
    case __NR_flock:
      return call_locked;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
