#include <ukstore/store/writer_lock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

namespace ukstore {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Result<std::unique_ptr<WriterLock>> WriterLock::open(const std::filesystem::path& path) {
  if (path.empty()) return std::unique_ptr<WriterLock>(new WriterLock(-1));
  auto failed = [&] {
    return fail(Error::Kind::io, "cannot open " + path.string() + ": " + std::strerror(errno));
  };
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return failed();
  std::unique_ptr<WriterLock> lock(new WriterLock(fd));
  // A new file gets its block now: on a full disk a write to the map would be a signal.  Without a
  // signature the lock is as good.
  struct stat about{};
  if (fstat(fd, &about) != 0) return failed();
  if (about.st_size < static_cast<off_t>(kSignatureBytes)) {
    const std::string blank(kSignatureBytes, '\0');
    if (pwrite(fd, blank.data(), blank.size(), 0) != static_cast<ssize_t>(blank.size()))
      return lock;
  }
  void* mapped = mmap(nullptr, kSignatureBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return lock;
  lock->signature_ = static_cast<char*>(mapped);
  return lock;
}

WriterLock::~WriterLock() {
  if (signature_) munmap(signature_, kSignatureBytes);
  if (fd_ >= 0) ::close(fd_);
}

Result<void> WriterLock::acquire(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  if (gate_.enter(timeout) == WriterGate::Entry::timed_out) {
    return fail(Error::Kind::locked, "another thread of this process, " + std::to_string(getpid()) +
                                         ", is writing to the store; wait until it is done");
  }
  auto ok = hold(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
  if (!ok) gate_.leave();
  return ok;
}

void WriterLock::release() {
  let_go();
  gate_.leave();
}

Result<void> WriterLock::hold(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::lock_guard lock(mutex_);
  if (users_ == 0 && fd_ >= 0) {
    if (auto ok = lock_file(deadline); !ok) return ok;
    sign();
  }
  ++users_;
  return {};
}

void WriterLock::let_go() {
  std::lock_guard lock(mutex_);
  if (--users_ == 0 && fd_ >= 0) flock(fd_, LOCK_UN);
}

Result<void> WriterLock::lock_file(Clock::time_point deadline) const {
  // flock knows no timeout, so this asks again and again, after ever longer pauses.
  std::chrono::microseconds pause(100);
  while (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EINTR) continue;
    if (error != EWOULDBLOCK) {
      return fail(Error::Kind::io,
                  std::string("cannot lock the store for writing: ") + std::strerror(error));
    }
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) {
      return fail(Error::Kind::locked, "the store is being written by " + holder() +
                                           "; wait until it is done, or stop it");
    }
    std::this_thread::sleep_for(std::min<Clock::duration>(pause, left));
    pause = std::min(2 * pause, std::chrono::microseconds(20'000));
  }
  return {};
}

// "process 4711 since 2026-11-24T08:15:00Z".
void WriterLock::sign() {
  if (!signature_) return;
  const std::time_t now = std::time(nullptr);
  if (now != signed_at_ || signed_.empty()) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char when[32] = {};
    std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    signed_ = "process " + std::to_string(getpid()) + " since " + when + '\n';
    signed_.resize(kSignatureBytes);
    signed_at_ = now;
  }
  std::memcpy(signature_, signed_.data(), kSignatureBytes);
}

std::string WriterLock::holder() const {
  // The holder may be signing at this moment, so this is a courtesy.
  const std::string text(signature_, signature_ ? strnlen(signature_, kSignatureBytes) : 0);
  return text.empty() ? "another process" : text.substr(0, text.find('\n'));
}

}  // namespace ukstore
