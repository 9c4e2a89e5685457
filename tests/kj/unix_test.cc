// The stack under KJ's Unix event port, on a TAP; the kernel is the peer, through KJ's own network
// on the same event loop.

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <sched.h>
#include <unistd.h>

#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/unix_driver.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "services.h"

namespace ukstore::libos_kj {
namespace {

// Our stack has 10.9.0.2, the kernel 10.9.0.1.
struct Machine {
  Machine() { KJ_REQUIRE(tap.has_value(), tap.error().c_str()); }

  static std::expected<std::unique_ptr<net::TapDevice>, std::string> open_tap() {
    return net::TapDevice::open({.name = "tap0", .mac = {{2, 0, 0, 0, 0, 9}}});
  }
  static net::StackConfig config() {
    net::StackConfig config;
    config.addresses = {*net::parse_cidr("10.9.0.2/24")};
    config.interface.ipv6 = net::Ipv6Mode::off;
    config.key = {1, 2};
    return config;
  }

  kj::Own<kj::NetworkAddress> address(kj::Network& network, kj::StringPtr text) {
    return network.parseAddress(text).wait(io.waitScope);
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  std::expected<std::unique_ptr<net::TapDevice>, std::string> tap = open_tap();
  net::Stack stack{**tap, config(), monotonic_now()};
  uint64_t clock_reads = 0;
  StackEvents events{stack, [this]() {
                       ++clock_reads;
                       return monotonic_now();
                     }};
  UnixDriver driver{io.unixEventPort, (*tap)->fd(), events};
  StackNetwork network{events};
  kj::Network& kernel = io.provider->getNetwork();
};

// Runs `body` on a thread with a network namespace of its own.
class OverUnix : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root for a network namespace with a TAP device";
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/net/tun";
  }

  static void run(const std::function<void(Machine&)>& body) {
    std::string why;
    std::thread([&] {
      if (::unshare(CLONE_NEWNET) != 0) {
        why = std::string("no network namespace: ") + std::strerror(errno);
        return;
      }
      if (std::system("ip tuntap add dev tap0 mode tap vnet_hdr && ip link set tap0 up && "
                      "ip address add 10.9.0.1/24 dev tap0") != 0) {
        ADD_FAILURE() << "no TAP device";
        return;
      }
      auto failed = kj::runCatchingExceptions([&] {
        Machine machine;
        body(machine);
      });
      KJ_IF_MAYBE (exception, failed) ADD_FAILURE() << kj::str(*exception).cStr();
    }).join();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(OverUnix, CapnProtoServesTheKernelsClient) {
  run([](Machine& machine) {
    auto& wait_scope = machine.io.waitScope;
    capnp::TwoPartyServer server{Service::Client(kj::heap<Doubler>())};
    auto receiver = machine.address(machine.network, "*:7000")->listen();
    auto listening = server.listen(*receiver).eagerlyEvaluate(nullptr);
    auto stream = machine.address(machine.kernel, "10.9.0.2:7000")->connect().wait(wait_scope);
    capnp::TwoPartyClient client(*stream);
    auto service = client.bootstrap().castAs<Service>();
    auto request = service.sinkRequest().send().getSink().doubleRequest();
    request.setValue(21);
    EXPECT_EQ(request.send().wait(wait_scope).getValue(), 42u);
    auto large = service.makeRequest();
    large.setBytes(3'000'000);
    EXPECT_EQ(large.send().wait(wait_scope).getData().size(), 3'000'000u);
  });
}

TEST_F(OverUnix, CapnProtoCallsTheKernelsServer) {
  run([](Machine& machine) {
    auto& wait_scope = machine.io.waitScope;
    capnp::TwoPartyServer server{Service::Client(kj::heap<Doubler>())};
    auto receiver = machine.address(machine.kernel, "10.9.0.1:7000")->listen();
    auto listening = server.listen(*receiver).eagerlyEvaluate(nullptr);
    auto stream = machine.address(machine.network, "10.9.0.1:7000")->connect().wait(wait_scope);
    capnp::TwoPartyClient client(*stream);
    auto service = client.bootstrap().castAs<Service>();
    kj::Vector<kj::Promise<void>> many;
    for (uint64_t i = 0; i < 200; ++i) {
      auto call = service.doubleRequest();
      call.setValue(i);
      many.add(call.send().then([i](auto&& result) { EXPECT_EQ(result.getValue(), 2 * i); }));
    }
    kj::joinPromises(many.releaseAsArray()).wait(wait_scope);
  });
}

TEST_F(OverUnix, HttpAnswersTheKernelsClient) {
  run([](Machine& machine) {
    auto& wait_scope = machine.io.waitScope;
    auto& timer = machine.io.provider->getTimer();
    kj::HttpHeaderTable table;
    Pages pages(table);
    kj::HttpServer server(timer, table, pages);
    auto receiver = machine.address(machine.network, "*:80")->listen();
    auto listening = server.listenHttp(*receiver).eagerlyEvaluate(nullptr);
    auto address = machine.address(machine.kernel, "10.9.0.2:80");
    auto client = kj::newHttpClient(timer, table, *address);
    for (size_t bytes : {0u, 10u, 500'000u}) {
      auto body = kj::heapString(bytes);
      memset(body.begin(), 'b', bytes);
      auto request = client->request(kj::HttpMethod::POST, "/page", kj::HttpHeaders(table), bytes);
      auto writing = request.body->write(body.begin(), bytes).attach(kj::mv(request.body));
      auto response = request.response.wait(wait_scope);
      EXPECT_EQ(response.statusCode, 200u);
      EXPECT_EQ(response.body->readAllText().wait(wait_scope), kj::str("/page ", body));
      writing.wait(wait_scope);
    }
  });
}

TEST_F(OverUnix, TlsCarriesAStreamToTheKernel) {
  run([](Machine& machine) {
    auto& wait_scope = machine.io.waitScope;
    kj::TlsContext server_context = tls_server(), client_context = tls_client();
    auto receiver = machine.address(machine.kernel, "10.9.0.1:443")->listen();
    auto accepted = receiver->accept();
    auto stream = machine.address(machine.network, "10.9.0.1:443")->connect().wait(wait_scope);
    auto server = server_context.wrapServer(accepted.wait(wait_scope));
    auto client = client_context.wrapClient(kj::mv(stream), "right.test").wait(wait_scope);
    auto secured = server.wait(wait_scope);
    auto data = kj::heapArray<kj::byte>(2'000'000);
    memset(data.begin(), 'd', data.size());
    auto writing = client->write(data.begin(), data.size());
    auto received = kj::heapArray<kj::byte>(data.size());
    secured->read(received.begin(), data.size()).wait(wait_scope);
    writing.wait(wait_scope);
    EXPECT_TRUE(received == data);
  });
}

// While nothing happens the driver waits: it looks at the clock a few times, not all the time.
TEST_F(OverUnix, AnIdleStackSleeps) {
  run([](Machine& machine) {
    auto& wait_scope = machine.io.waitScope;
    auto receiver = machine.address(machine.network, "*:7")->listen();
    auto accepted = receiver->accept();
    auto stream = machine.address(machine.kernel, "10.9.0.2:7")->connect().wait(wait_scope);
    auto ours = accepted.wait(wait_scope);
    auto& timer = machine.io.provider->getTimer();
    timer.afterDelay(200 * kj::MILLISECONDS).wait(wait_scope);
    uint64_t before = machine.clock_reads;
    timer.afterDelay(300 * kj::MILLISECONDS).wait(wait_scope);
    EXPECT_LE(machine.clock_reads - before, 100u);
    // And it wakes: for the peer, and for us.
    char answer[4];
    stream->write("ping", 4).wait(wait_scope);
    ours->read(answer, 4).wait(wait_scope);
    ours->write("pong", 4).wait(wait_scope);
    stream->read(answer, 4).wait(wait_scope);
    EXPECT_EQ(memcmp(answer, "pong", 4), 0);
  });
}

}  // namespace
}  // namespace ukstore::libos_kj
