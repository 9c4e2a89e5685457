#pragma once
// What a program on libos can ask of the machine beyond Linux's system calls: private system call
// numbers, from 1000 on.  On Linux all of them fail with ENOSYS, which is how a program tells where
// it runs.  This header is for programs: it needs neither libos's other headers nor its library.

#include <cstdint>

namespace ukstore::libos {

enum MachineCall : long {
  kNetInfoCall = 1000,  // (NetInfo*) -> 0, or -ENODEV without a network device
  kNetReceiveCall,      // (void* buffer, size_t bytes) -> length; 0 if there is no frame
  // (const NetPiece* pieces, size_t count) -> 0; -EAGAIN if the queue is full, -EINVAL for a frame
  // that is too long or asks for an offload that was not agreed on.  The header is whole in the
  // first.
  kNetSendCall,
  kWaitCall,         // (uint64_t deadline_ns) -> 0; monotonic clock, UINT64_MAX is for ever
  kWakeCall,         // () -> 0; ends the wait() that is under way, or the next one
  kCountersCall,     // (Counters*, size_t bytes) -> bytes filled
  kLogCall,          // (char* buffer, size_t bytes) -> bytes of the newest log
  kClockStateCall,   // () -> 1 if the wall clock is set, 0 if it counts from the start
  kDropCacheCall,    // () -> 0; evicts every clean page of the disk (for tests)
  kConsoleReadCall,  // (char* buffer, size_t bytes) -> bytes that the serial port has received
};

// Offloads that the device and libos agreed on.
enum NetOffload : uint32_t {
  kNetSendChecksum = 1,     // CSUM: partial checksums may be sent
  kNetSendTcp4 = 2,         // HOST_TSO4
  kNetSendTcp6 = 4,         // HOST_TSO6
  kNetReceiveChecksum = 8,  // GUEST_CSUM: received frames may carry partial or verified checksums
  kNetReceiveTcp4 = 16,     // GUEST_TSO4
  kNetReceiveTcp6 = 32,     // GUEST_TSO6
  kNetMergedBuffers = 64,   // MRG_RXBUF: frames up to kNetFrameMax come in
};

// The longest frame, with the virtio header in front.
inline constexpr uint32_t kNetFrameMax = 12 + 65550;

struct NetInfo {
  uint8_t mac[6];
  uint16_t mtu;
  uint32_t offloads;
  uint32_t link_up;
};

// Frames begin with the 12 bytes of the virtio 1.0 network header, both ways.
struct NetHeader {
  uint8_t flags, gso_type;
  uint16_t header_length, gso_size, checksum_start, checksum_offset, buffer_count;
};
static_assert(sizeof(NetHeader) == 12);

struct NetPiece {
  const void* bytes;
  uint64_t size;
};

// Negative results are errno values.
inline long machine_call(long number, uint64_t a = 0, uint64_t b = 0) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return result;
}

inline bool on_libos() {
  constexpr long kNoSuchCall = -38;
  return machine_call(kClockStateCall) != kNoSuchCall;
}

}  // namespace ukstore::libos
