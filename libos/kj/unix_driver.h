#pragma once
// Drives a stack on a TAP device from KJ's event loop for Unix: a process's way to run it.

#include <kj/async-unix.h>

#include <ukstore/libos/kj/stack_events.h>
#include <ukstore/libos/net/dev/tap.h>

namespace ukstore::libos_kj {

// CLOCK_MONOTONIC as the stack's time.
net::Time monotonic_now();

class UnixDriver {
 public:
  // Runs for as long as it lives.  `port`, `events` and the device of descriptor `fd` outlive it.
  UnixDriver(kj::UnixEventPort& port, int fd, StackEvents& events);
  KJ_DISALLOW_COPY(UnixDriver);

 private:
  kj::Promise<void> run();

  kj::UnixEventPort& port_;
  StackEvents& events_;
  kj::UnixEventPort::FdObserver observer_;
  kj::Promise<void> running_;
};

}  // namespace ukstore::libos_kj
