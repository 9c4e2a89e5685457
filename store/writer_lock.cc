#include <ukstore/store/writer_lock.h>

#include <fcntl.h>
#include <sys/file.h>
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
  int fd = -1;
  if (!path.empty()) {
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
      return fail(Error::Kind::io, "cannot open " + path.string() + ": " + std::strerror(errno));
    }
  }
  return std::unique_ptr<WriterLock>(new WriterLock(fd));
}

WriterLock::~WriterLock() {
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

// "process 4711 since 2026-11-24T08:15:00Z"; a courtesy, so failures do not matter.
void WriterLock::sign() const {
  char text[64] = {};
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  size_t used =
      static_cast<size_t>(std::snprintf(text, sizeof text, "process %d since ", getpid()));
  std::strftime(text + used, sizeof text - used - 1, "%Y-%m-%dT%H:%M:%SZ", &utc);
  text[sizeof text - 1] = '\n';
  [[maybe_unused]] ssize_t ignored = pwrite(fd_, text, sizeof text, 0);
}

std::string WriterLock::holder() const {
  char text[64] = {};
  ssize_t size = pread(fd_, text, sizeof text - 1, 0);
  return size > 0 && text[0] ? text : "another process";
}

}  // namespace ukstore
