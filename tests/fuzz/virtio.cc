// A hostile device: the input decides what it writes to the used rings, to its answers and to the
// configuration space.  The drivers must neither crash nor reach outside of their memory, nor wait
// for what a broken ring will never give.

#include <fuzzer/FuzzedDataProvider.h>

#include <ukstore/libos/core/virtio/block.h>
#include <ukstore/libos/core/virtio/net.h>
#include <ukstore/libos/core/virtio/small.h>

#include "../libos/fake_device.h"
#include "../libos/host_machine.h"

namespace {

using namespace ukstore::libos;
using libos_test::DeviceQueue;
using libos_test::FakeTransport;

struct Enough {};

// Once descriptors were scribbled over, this device cannot follow them any more.
bool scribbled = false;

// One act of the device on one of its queues.
void act(FuzzedDataProvider& data, FakeTransport& transport) {
  if (data.remaining_bytes() == 0) throw Enough{};
  DeviceQueue& queue = transport.queues[data.ConsumeIntegralInRange<uint16_t>(0, 1)];
  if (queue.size == 0) return;
  auto head = queue.next();
  switch (data.ConsumeIntegralInRange<int>(0, 6)) {
    case 0:
      queue.put_used(data.ConsumeIntegral<uint32_t>(), data.ConsumeIntegral<uint32_t>());
      break;
    case 1:
      queue.set_used_index(data.ConsumeIntegral<uint16_t>());
      break;
    case 2: {
      auto at = data.ConsumeIntegralInRange<uint16_t>(0, 4088);
      auto value = data.ConsumeIntegral<uint64_t>();
      std::memcpy(reinterpret_cast<void*>(queue.at.descriptors + at), &value, 8);
      scribbled = true;
      break;
    }
    default:
      if (!head) return;
      for (auto& part : scribbled ? std::vector<libos_test::ChainPart>() : queue.chain(*head)) {
        if (!part.device_writes) continue;
        auto bytes = data.ConsumeBytes<uint8_t>(std::min<size_t>(part.size, 40));
        if (!bytes.empty()) std::memcpy(part.bytes, bytes.data(), bytes.size());
      }
      queue.put_used(*head, data.ConsumeIntegralInRange<uint32_t>(0, 5000));
  }
}

void play_block(FuzzedDataProvider& data, FakeTransport& transport) {
  VirtioBlock block;
  if (!block.start(transport)) return;
  alignas(4096) static std::byte pages[3][4096];
  std::byte* list[] = {pages[0], pages[1], pages[2]};
  while (data.remaining_bytes()) {
    BlockRun run{data.ConsumeIntegralInRange<uint64_t>(0, 20), list};
    switch (data.ConsumeIntegralInRange<int>(0, 2)) {
      case 0:
        (void)block.read(run);
        break;
      case 1:
        (void)block.write({&run, 1});
        break;
      default:
        (void)block.flush();
    }
  }
}

void play_net(FuzzedDataProvider& data, FakeTransport& transport) {
  VirtioNet net;
  if (!net.start(transport)) return;
  static std::byte out[kNetFrameMax];
  static const std::byte in[9000] = {};
  while (data.remaining_bytes()) {
    act(data, transport);
    switch (data.ConsumeIntegralInRange<int>(0, 3)) {
      case 0:
        (void)net.receive({out, data.ConsumeIntegralInRange<size_t>(0, sizeof out)});
        break;
      case 1: {
        NetPiece piece{in, data.ConsumeIntegralInRange<size_t>(0, sizeof in)};
        (void)net.send({&piece, 1});
        break;
      }
      case 2:
        (void)net.ready();
        break;
      default:
        (void)net.info();
    }
  }
}

void play_small(FuzzedDataProvider& data, FakeTransport& transport) {
  VirtioRandom random;
  std::byte out[64];
  if (random.start(transport)) (void)random.fill(out);
  VirtioConsole console;
  if (data.remaining_bytes() && console.start(transport))
    console.write("some text for the console");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  FuzzedDataProvider data(bytes, size);
  FakeTransport transport;
  scribbled = false;
  transport.features = data.ConsumeIntegral<uint64_t>();
  transport.queue_size = data.ConsumeIntegral<uint16_t>();
  transport.config_bytes = data.ConsumeBytes<uint8_t>(16);
  transport.on_pause = [&] { act(data, transport); };
  try {
    switch (data.ConsumeIntegralInRange<int>(0, 2)) {
      case 0:
        play_block(data, transport);
        break;
      case 1:
        play_net(data, transport);
        break;
      default:
        play_small(data, transport);
    }
  } catch (const Enough&) {
  }
  libos_test::free_dma_pages();
  return 0;
}
