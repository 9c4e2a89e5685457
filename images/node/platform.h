#pragma once
// What a node stands on: a process with the kernel's network, a process with our own stack on a TAP
// device, or a machine.  `run` (node.h) does not know which.

#include <ukstore/images/node/config.h>
#include <ukstore/images/node/metrics.h>
#include <ukstore/store/backend.h>

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>

namespace ukstore::node {

class Platform {
 public:
  virtual ~Platform() noexcept(false) = default;

  virtual kj::WaitScope& scope() = 0;
  virtual kj::Network& network() = 0;
  virtual kj::Timer& timer() = 0;
  // Random, as secrets are.
  virtual uint64_t random() = 0;
  // Milliseconds since 1970; 0 if the machine has no clock.
  virtual int64_t now_ms() = 0;
  // The store's medium, made if absent.
  virtual Result<std::unique_ptr<Backend>> open_backend() = 0;

  // Makes a connection find out within a minute that its peer is gone.
  virtual void watch_liveness(kj::AsyncIoStream& stream) = 0;
  // Resolves when somebody wants the node to end.
  virtual kj::Promise<void> stop_asked() = 0;

  // What it is, in a word: "process", "tap" or "machine".
  virtual std::string_view form() const = 0;
  // Adds what only the platform knows: memory, disk, frames.
  virtual void measure(Metrics& metrics) = 0;
  // A line for whoever started the node.
  virtual void say(std::string_view line) = 0;
};

// The stack that the configuration asks for, as a machine or a TAP device has it.
Result<net::StackConfig> stack_config(const Config& config);
// The counters of such a stack.
void measure_stack(net::Stack& stack, Metrics& metrics);

}  // namespace ukstore::node
