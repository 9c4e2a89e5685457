#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <kj/debug.h>

#include <ukstore/bench/net/workload.h>
#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/unix_driver.h>
#include <string>

// The stack under KJ's event loop, its connection a kj::AsyncIoStream.

namespace ukstore::bench {
namespace {

struct Conversation {
  kj::Own<kj::AsyncIoStream> stream;
  Workload workload;
  kj::Array<kj::byte> block = kj::heapArray<kj::byte>(128 * 1024);
  uint64_t sent = 0;

  kj::Promise<void> send() {
    if (workload.traffic != Traffic::send || sent == workload.amount) return drain();
    size_t bytes = kj::min(block.size(), workload.amount - sent);
    sent += bytes;
    return stream->write(block.begin(), bytes).then([this]() { return send(); });
  }

  kj::Promise<void> drain() {
    return stream->tryRead(block.begin(), 1, block.size()).then([this](size_t got) {
      return got == 0 ? kj::Promise<void>(kj::READY_NOW) : drain();
    });
  }
};

}  // namespace

void serve_with_kj(const Workload& workload) {
  auto io = kj::setupAsyncIo();
  auto tap = net::TapDevice::open(
      {.name = workload.tap,
       .offload = workload.virtio_header ? net::TapOffload::offload : net::TapOffload::none,
       .mac = {{2, 0, 0, 0, 0, 9}}});
  KJ_REQUIRE(tap.has_value(), "no TAP device");
  net::StackConfig config;
  config.addresses = {*net::parse_cidr(std::string(workload.address) + "/24")};
  config.interface.ipv6 = net::Ipv6Mode::off;
  config.key = {1, 2};
  net::Stack stack(**tap, config, libos_kj::monotonic_now());
  libos_kj::StackEvents events(stack, libos_kj::monotonic_now);
  libos_kj::UnixDriver driver(io.unixEventPort, (*tap)->fd(), events);
  libos_kj::StackNetwork network(events);
  auto address = network.parseAddress("*", kPort).wait(io.waitScope);
  auto receiver = address->listen();
  Conversation conversation{receiver->accept().wait(io.waitScope), workload};
  conversation.send().wait(io.waitScope);
}

}  // namespace ukstore::bench
