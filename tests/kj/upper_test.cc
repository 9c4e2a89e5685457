#include "two_networks.h"

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>
#include <kj/timer.h>

#include "services.h"

// What stands on a kj::Network works on ours unchanged: RPC, HTTP, TLS.

namespace ukstore::libos_kj {
namespace {

TEST(OverTheStack, CapnProtoCallsPipelineAndCarryLargeData) {
  TwoNetworks networks;
  Pair pair(networks);
  capnp::TwoPartyVatNetwork server_side(*pair.right, capnp::rpc::twoparty::Side::SERVER);
  auto server = capnp::makeRpcServer(server_side, Service::Client(kj::heap<Doubler>()));
  capnp::TwoPartyClient client(*pair.left);
  auto service = client.bootstrap().castAs<Service>();
  auto request = service.sinkRequest().send().getSink().doubleRequest();
  request.setValue(21);
  EXPECT_EQ(networks.run(request.send()).getValue(), 42u);
  auto large = service.makeRequest();
  large.setBytes(3'000'000);
  EXPECT_EQ(networks.run(large.send()).getData().size(), 3'000'000u);
  kj::Vector<kj::Promise<void>> many;
  for (uint64_t i = 0; i < 1000; ++i) {
    auto call = service.doubleRequest();
    call.setValue(i);
    many.add(call.send().then([i](auto&& result) { EXPECT_EQ(result.getValue(), 2 * i); }));
  }
  networks.run(kj::joinPromises(many.releaseAsArray()));
}

TEST(OverTheStack, HttpAnswersRequestsWithBodies) {
  TwoNetworks networks;
  kj::TimerImpl timer(kj::origin<kj::TimePoint>());
  kj::HttpHeaderTable table;
  Pages pages(table);
  kj::HttpServer server(timer, table, pages);
  auto receiver = networks.run(networks.right_network.parseAddress("*:80"))->listen();
  auto listening = server.listenHttp(*receiver).eagerlyEvaluate(nullptr);
  auto address = networks.run(networks.left_network.parseAddress("10.0.0.2:80"));
  auto client = kj::newHttpClient(timer, table, *address);
  for (size_t bytes : {0u, 10u, 500'000u}) {
    auto body = kj::heapString(bytes);
    memset(body.begin(), 'b', bytes);
    auto request = client->request(kj::HttpMethod::POST, "/page", kj::HttpHeaders(table), bytes);
    auto writing = request.body->write(body.begin(), bytes).attach(kj::mv(request.body));
    auto response = networks.run(kj::mv(request.response));
    EXPECT_EQ(response.statusCode, 200u);
    EXPECT_EQ(networks.run(response.body->readAllText()), kj::str("/page ", body));
    networks.run(kj::mv(writing));
  }
}

TEST(OverTheStack, TlsHandshakesAndCarriesAStream) {
  TwoNetworks networks;
  Pair pair(networks);
  kj::TlsContext server_context = tls_server(), client_context = tls_client();
  auto server = server_context.wrapServer(kj::mv(pair.right));
  auto client = networks.run(client_context.wrapClient(kj::mv(pair.left), "right.test"));
  auto secured = networks.run(kj::mv(server));
  auto data = kj::heapArray<kj::byte>(2'000'000);
  memset(data.begin(), 'd', data.size());
  auto writing = client->write(data.begin(), data.size());
  auto received = kj::heapArray<kj::byte>(data.size());
  networks.run(secured->read(received.begin(), data.size()));
  networks.run(kj::mv(writing));
  EXPECT_TRUE(received == data);
}

}  // namespace
}  // namespace ukstore::libos_kj
