#pragma once
// One connection between the kernel and a stack on a TAP, and what the stack's process spent on it.

#include <cstddef>
#include <cstdint>

namespace ukstore::bench {

enum class Traffic : uint8_t {
  receive,     // the kernel sends `amount` bytes
  send,        // the stack sends `amount` bytes
  round_trip,  // the kernel asks `amount` times with 64 bytes and gets as many back
};

struct Workload {
  Traffic traffic = Traffic::receive;
  uint64_t amount = 0;
  const char* tap = "tap0";
  bool virtio_header = true;
  const char* address = "10.9.0.2";  // of the stack; the kernel has .1
};

constexpr uint16_t kPort = 5000;
constexpr size_t kMessageBytes = 64;

// Serve one connection to kPort until the peer closes it.  Run in a process of their own.
void serve_with_ours(const Workload& workload);
void serve_with_lwip(const Workload& workload);
// The same through kj::AsyncIoStream.
void serve_with_kj(const Workload& workload);
// The kernel again, in a network namespace of its own, whose frames a copier carries.
void serve_with_linux(const Workload& workload);

}  // namespace ukstore::bench
