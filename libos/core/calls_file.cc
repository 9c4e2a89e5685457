// Opening, closing and looking at files.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <cstring>

#include <ukstore/libos/core/calls_io.h>
#include <ukstore/libos/core/file_table.h>

namespace ukstore::libos {
namespace {

std::string_view path_of(uint64_t argument) { return reinterpret_cast<const char*>(argument); }

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
      descriptor_slot(number) = *d;
      return number;
    }
    default:
      return -EINVAL;
  }
}

void fill_stat(struct stat& s, const File* file, uint32_t kind) {
  std::memset(&s, 0, sizeof s);
  s.st_dev = file && file == disk_file() ? 2 : 1;
  s.st_ino = reinterpret_cast<uint64_t>(file) >> 4;
  s.st_nlink = 1;
  s.st_mode = kind | (kind == S_IFDIR ? 0755 : 0644);
  s.st_blksize = kPageBytes;
  if (!file) return;
  s.st_size = static_cast<int64_t>(file->size());
  s.st_blocks = static_cast<int64_t>(file->size() / 512);
}

int64_t stat_path(std::string_view path, struct stat& s) {
  if (is_disk_path(path)) {
    if (!disk_file()) return -ENOENT;
    fill_stat(s, disk_file(), S_IFREG);
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
  if (is_disk_path(path)) return disk_file() ? -EBUSY : -ENOENT;
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

Call file_call(uint64_t number) {
  switch (number) {
    case __NR_open:
      return call_open;
    case __NR_openat:
      return call_openat;
    case __NR_close:
      return call_close;
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
      return io_call(number);
  }
}

}  // namespace ukstore::libos
