// Asks QEMU's user network who has its gateway's address, and prints the answer: a frame out, a
// sleep until a frame comes, and a frame in.  On Linux it says that there is no frame device.

#include <ukstore/libos/core/machine_calls.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

using namespace ukstore::libos;

namespace {

constexpr size_t kHeader = sizeof(NetHeader);

uint64_t now_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

// An ARP request for 10.0.2.2 from 10.0.2.15, in two pieces.
bool ask(const NetInfo& info) {
  static const NetHeader header = {};
  uint8_t frame[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const uint8_t fixed[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
  const uint8_t ours[] = {10, 0, 2, 15}, theirs[] = {10, 0, 2, 2};
  std::memcpy(frame + 6, info.mac, 6);
  std::memcpy(frame + 12, fixed, sizeof fixed);
  std::memcpy(frame + 22, info.mac, 6);
  std::memcpy(frame + 28, ours, 4);
  std::memcpy(frame + 38, theirs, 4);
  const NetPiece pieces[] = {{&header, kHeader}, {frame, sizeof frame}};
  return machine_call(kNetSendCall, reinterpret_cast<uint64_t>(pieces), 2) == 0;
}

}  // namespace

int main() {
  NetInfo info;
  if (machine_call(kNetInfoCall, reinterpret_cast<uint64_t>(&info)) != 0) {
    std::puts("no frame device");
    return 3;
  }
  static uint8_t buffer[kNetFrameMax];
  const uint64_t end = now_ns() + 5'000'000'000;
  if (!ask(info)) return 4;
  while (now_ns() < end) {
    machine_call(kWaitCall, end);
    long size = machine_call(kNetReceiveCall, reinterpret_cast<uint64_t>(buffer), sizeof buffer);
    const uint8_t* frame = buffer + kHeader;
    bool answer = size >= static_cast<long>(kHeader) + 42 && frame[12] == 8 && frame[13] == 6 &&
                  frame[21] == 2;
    if (!answer) continue;
    std::printf("%d.%d.%d.%d answers\n", frame[28], frame[29], frame[30], frame[31]);
    return 0;
  }
  return 5;
}
