#include "io_tap.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <string_view>

namespace ukstore::tests {

IoTap& IoTap::of_this_process() {
  static IoTap tap;
  return tap;
}

void IoTap::start_recording() {
  std::lock_guard lock(mutex_);
  recording_ = true;
  ops_.clear();
}

std::vector<IoOp> IoTap::stop_recording() {
  std::lock_guard lock(mutex_);
  recording_ = false;
  return std::move(ops_);
}

size_t IoTap::recorded() const {
  std::lock_guard lock(mutex_);
  return ops_.size();
}

void IoTap::set_flushes(Flushes flushes) {
  std::lock_guard lock(mutex_);
  flushes_ = flushes;
}

void IoTap::fail_after(uint64_t after, Fault fault, Repeat repeat) {
  std::lock_guard lock(mutex_);
  fault_after_ = after;
  fault_ = fault;
  repeat_ = repeat;
  calls_ = 0;
  failed_ = false;
}

void IoTap::stop_faults() {
  std::lock_guard lock(mutex_);
  fault_after_.reset();
  calls_ = 0;
}

uint64_t IoTap::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

bool IoTap::has_failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void IoTap::opened(int fd, bool synchronous) {
  std::lock_guard lock(mutex_);
  descriptors_.push_back({fd, synchronous});
}

void IoTap::closed(int fd) {
  std::lock_guard lock(mutex_);
  std::erase_if(descriptors_, [&](const Descriptor& d) { return d.fd == fd; });
}

std::optional<bool> IoTap::synchronous(int fd) const {
  std::lock_guard lock(mutex_);
  auto found = std::ranges::find(descriptors_, fd, &Descriptor::fd);
  if (found == descriptors_.end()) return std::nullopt;
  return found->synchronous;
}

void IoTap::note(IoOp op) {
  std::lock_guard lock(mutex_);
  if (!recording_) return;
  if (op.kind == IoOp::Kind::flush && flushes_ == Flushes::skipped) return;
  ops_.push_back(std::move(op));
}

IoOp::Kind IoTap::failed_kind() const {
  std::lock_guard lock(mutex_);
  return failed_kind_;
}

bool IoTap::failed_growing() const {
  std::lock_guard lock(mutex_);
  return failed_growing_;
}

std::optional<IoTap::Fault> IoTap::next_fault(const IoOp& op) {
  std::lock_guard lock(mutex_);
  const uint64_t call = calls_++;
  if (!fault_after_ || call < *fault_after_ || (call > *fault_after_ && repeat_ == Repeat::no)) {
    return std::nullopt;
  }
  const bool growing = !op.data.empty() && op.data.find_first_not_of('\0') == Bytes::npos;
  failed_growing_ = growing && (!failed_ || failed_growing_);
  failed_ = true;
  failed_kind_ = op.kind;
  return fault_;
}

namespace {

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_tapped(std::string_view path) { return path.ends_with("data.mdb"); }

// What to return instead of making the call.  nullopt: make it.
std::optional<ssize_t> refused(const IoOp& op) {
  auto fault = IoTap::of_this_process().next_fault(op);
  if (!fault) return std::nullopt;
  const size_t bytes = op.data.size();
  if (*fault == IoTap::Fault::short_write && bytes > 1) return static_cast<ssize_t>(bytes / 2);
  errno = *fault == IoTap::Fault::enospc ? ENOSPC : EIO;
  return -1;
}

ssize_t write_at(int fd, const void* data, size_t bytes, off_t offset, bool synchronous) {
  static auto* const call = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const IoOp op{synchronous ? IoOp::Kind::write_sync : IoOp::Kind::write,
                static_cast<uint64_t>(offset), Bytes(static_cast<const char*>(data), bytes)};
  auto instead = refused(op);
  if (instead && *instead < 0) {
    // It may be on the disk all the same, and nothing has promised that it is.
    int error = errno;
    IoTap::of_this_process().note({IoOp::Kind::write, op.offset, op.data});
    errno = error;
    return *instead;
  }
  if (instead) bytes = static_cast<size_t>(*instead);
  ssize_t written = call(fd, data, bytes, offset);
  if (written > 0) {
    IoTap::of_this_process().note(
        {op.kind, op.offset, op.data.substr(0, static_cast<size_t>(written))});
  }
  return written;
}

int flush() {
  const IoOp op{IoOp::Kind::flush, 0, {}};
  if (refused(op)) return -1;
  IoTap::of_this_process().note(op);
  return 0;
}

}  // namespace
}  // namespace ukstore::tests

using ukstore::tests::IoTap;

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  static auto* const call = ukstore::tests::real<int(const char*, int, ...)>("open");
  if (!ukstore::tests::is_tapped(path)) return call(path, flags, mode);
  int fd = call(path, flags & ~(O_DSYNC | O_SYNC), mode);
  if (fd >= 0) IoTap::of_this_process().opened(fd, (flags & O_DSYNC) != 0);
  return fd;
}

int close(int fd) {
  static auto* const call = ukstore::tests::real<int(int)>("close");
  IoTap::of_this_process().closed(fd);
  return call(fd);
}

ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  static auto* const call =
      ukstore::tests::real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  auto synchronous = IoTap::of_this_process().synchronous(fd);
  if (!synchronous) return call(fd, data, bytes, offset);
  return ukstore::tests::write_at(fd, data, bytes, offset, *synchronous);
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static auto* const call = ukstore::tests::real<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  auto synchronous = IoTap::of_this_process().synchronous(fd);
  if (!synchronous) return call(fd, parts, count, offset);
  std::string all;
  for (int i = 0; i < count; ++i) {
    all.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return ukstore::tests::write_at(fd, all.data(), all.size(), offset, *synchronous);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const call = ukstore::tests::real<ssize_t(int, const iovec*, int)>("writev");
  if (!IoTap::of_this_process().synchronous(fd)) return call(fd, parts, count);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t written = pwritev(fd, parts, count, offset);
  if (written > 0) lseek(fd, offset + written, SEEK_SET);
  return written;
}

ssize_t write(int fd, const void* data, size_t bytes) {
  static auto* const call = ukstore::tests::real<ssize_t(int, const void*, size_t)>("write");
  if (!IoTap::of_this_process().synchronous(fd)) return call(fd, data, bytes);
  iovec part{const_cast<void*>(data), bytes};
  return writev(fd, &part, 1);
}

int fdatasync(int fd) {
  static auto* const call = ukstore::tests::real<int(int)>("fdatasync");
  return IoTap::of_this_process().synchronous(fd) ? ukstore::tests::flush() : call(fd);
}

int fsync(int fd) {
  static auto* const call = ukstore::tests::real<int(int)>("fsync");
  return IoTap::of_this_process().synchronous(fd) ? ukstore::tests::flush() : call(fd);
}

int msync(void*, size_t, int) {
  // Only a writable map would need it, and there is none.
  errno = ENOSYS;
  return -1;
}

int ftruncate(int fd, off_t length) {
  static auto* const call = ukstore::tests::real<int(int, off_t)>("ftruncate");
  if (!IoTap::of_this_process().synchronous(fd)) return call(fd, length);
  // LMDB does not, on this system, and the trace could not say it.
  errno = ENOSYS;
  return -1;
}

}  // extern "C"
