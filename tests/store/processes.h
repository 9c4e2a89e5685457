#pragma once
// Tests with two processes: a child, and how one tells the other that it got somewhere.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <stdexcept>

namespace ukstore::tests {

// A child process that runs `body`; what it returns is its exit status.
class Child {
 public:
  explicit Child(const std::function<int()>& body) : id_(fork()) {
    if (id_ == 0) _exit(body());
  }
  ~Child() { wait(); }
  pid_t id() const { return id_; }
  void kill() { ::kill(id_, SIGKILL); }
  int wait() {
    if (!waited_) waitpid(id_, &status_, 0);
    waited_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }

 private:
  pid_t id_;
  bool waited_ = false;
  int status_ = 0;
};

// A pipe on which one process tells another that it got somewhere.
class Signal {
 public:
  Signal() {
    if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
  }
  ~Signal() {
    close(ends_[0]);
    close(ends_[1]);
  }
  void give() const {
    if (write(ends_[1], "x", 1) != 1) std::abort();
  }
  void await() const {
    char c;
    if (read(ends_[0], &c, 1) != 1) std::abort();
  }

 private:
  int ends_[2];
};

}  // namespace ukstore::tests
