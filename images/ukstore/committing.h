#pragma once
// While a command waits for the right to write and for the disk.

#include <ukstore/images/ukstore/context.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace ukstore::cli {

// From here on a command that is interrupted is stored whole or not at all.  If that takes over
// 300 ms and progress is wanted, standard error says for whom it waits.
class Committing {
 public:
  explicit Committing(Context& context);
  ~Committing();
  Committing(const Committing&) = delete;

 private:
  void watch(const std::filesystem::path& folder, int fd, Output::Form form);
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread watcher_;
};

}  // namespace ukstore::cli
