#pragma once
// The event loop of a command that talks to peers.  On the stack, once in a command.

#include <kj/async-io.h>
#include <kj/exception.h>

namespace ukstore::cli {

class EventLoop {
 public:
  // Looks at descriptors and timers now and then, however much there is to do.
  EventLoop() { io_.waitScope.setBusyPollInterval(16); }
  EventLoop(const EventLoop&) = delete;

  kj::AsyncIoContext& io() { return io_; }
  kj::Timer& timer() { return io_.provider->getTimer(); }
  kj::Network& network() { return io_.provider->getNetwork(); }
  kj::WaitScope& scope() { return io_.waitScope; }

 private:
  // What the libraries would log, the commands say in their own words.
  class Silent final : public kj::ExceptionCallback {
   public:
    void logMessage(kj::LogSeverity, const char*, int, int, kj::String&&) override {}
    StackTraceMode stackTraceMode() override { return StackTraceMode::NONE; }
  };
  Silent silent_;
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
};

}  // namespace ukstore::cli
