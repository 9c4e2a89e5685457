// web ADDRESS/BITS [SECONDS]: one page for every HTTP request at port 80, by coroutines over KJ's
// streams over our stack on the machine's network device.  On Linux it says that there is none.

#include <sys/random.h>

#include <ukstore/libos/kj/machine_driver.h>
#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/task.h>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace ukstore;
using libos_kj::Task;

// Reads the head of a request, whatever it asks for, and answers.
Task<void> answer(kj::Own<kj::AsyncIoStream> peer) {
  constexpr size_t kHeadBytesMax = 8192;
  const std::string_view page =
      "HTTP/1.1 200 OK\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
      "a page of a whole machine\n";
  std::string head;
  char buffer[1024];
  while (head.find("\r\n\r\n") == head.npos && head.size() < kHeadBytesMax) {
    size_t count = co_await peer->tryRead(buffer, 1, sizeof buffer);
    if (count == 0) co_return;
    head.append(buffer, count);
  }
  co_await peer->write(page.data(), page.size());
  peer->shutdownWrite();
}

class Failures final : public kj::TaskSet::ErrorHandler {
  void taskFailed(kj::Exception&& exception) override {
    std::printf("lost a peer: %s\n", exception.getDescription().cStr());
  }
};

Task<void> serve(kj::ConnectionReceiver& listener, kj::TaskSet& peers) {
  for (;;) peers.add(answer(co_await listener.accept()));
}

}  // namespace

int main(int argc, char** argv) {
  auto address = argc >= 2 ? net::parse_cidr(argv[1]) : std::nullopt;
  if (!address) return 2;
  auto device = libos_kj::FrameDevice::open();
  if (!device) {
    std::puts("no frame device");
    return 3;
  }
  net::StackConfig config;
  config.addresses = {*address};
  if (getrandom(&config.key, sizeof config.key, 0) != sizeof config.key) return 4;
  libos_kj::EventPort port;
  kj::EventLoop loop(port);
  kj::WaitScope scope(loop);
  net::Stack stack(*device, config, libos_kj::machine_now());
  libos_kj::StackEvents events(stack, libos_kj::machine_now);
  libos_kj::MachineDriver driver(port, events);
  libos_kj::StackNetwork network(events);
  auto listener = network.parseAddress("*", 80).wait(scope)->listen();
  Failures failures;
  kj::TaskSet peers(failures);
  kj::Promise<void> serving = serve(*listener, peers);
  std::puts("ready");
  std::fflush(stdout);
  if (argc >= 3) {
    serving = serving.exclusiveJoin(port.timer().afterDelay(std::atoi(argv[2]) * kj::SECONDS));
  }
  serving.wait(scope);
}
