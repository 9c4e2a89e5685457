// Reading, writing and syncing what is open.

#include <ukstore/libos/core/calls_io.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/unistd_64.h>

#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/file_table.h>

namespace ukstore::libos {
namespace {

constexpr size_t kPiecesMax = 1024;
constexpr uint64_t kIoMax = 1u << 30;

uint64_t console_left = UINT64_MAX;

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
int64_t call_msync(const SyscallFrame&) { return disk_file() ? disk_file()->sync() : 0; }

}  // namespace

void limit_console(uint64_t bytes) { console_left = bytes; }

Call io_call(uint64_t number) {
  switch (number) {
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
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
