#pragma once
// The right to write, among the threads of this process and among processes, with a wait that ends.
//
// Between processes it is an flock on a file beside the data, which the kernel releases when its
// holder dies.  The file says who took it last, so that whoever waits in vain can be told.

#include <ukstore/store/error.h>
#include <ukstore/store/writer_gate.h>

#include <filesystem>
#include <memory>
#include <string>

namespace ukstore {

class WriterLock {
 public:
  // The lock file at `path` is made if need be.  An empty path: this process alone can write.
  static Result<std::unique_ptr<WriterLock>> open(const std::filesystem::path& path);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

  // For one Write.  Waits up to `timeout`, then fails with `locked`.
  Result<void> acquire(std::chrono::milliseconds timeout);
  void release();

  // For several: keeps other processes out, but not the Writes of this one.  Fails in the same way.
  Result<void> hold(std::chrono::milliseconds timeout);
  void let_go();

 private:
  explicit WriterLock(int fd) : fd_(fd) {}
  Result<void> lock_file(std::chrono::steady_clock::time_point deadline) const;
  std::string holder() const;
  void sign();

  static constexpr size_t kSignatureBytes = 64;
  const int fd_;               // -1: none
  char* signature_ = nullptr;  // the bytes of the file, mapped: to sign costs no system call
  std::string signed_;         // what this process signs with, as of `signed_at_`
  int64_t signed_at_ = 0;      // in seconds
  WriterGate gate_;
  std::mutex mutex_;  // guards `users_`, and the flock with it
  int users_ = 0;     // holds and the Write that share the flock
};

}  // namespace ukstore
