#include "two_networks.h"

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>
#include <kj/timer.h>

#include "service.capnp.h"

// What stands on a kj::Network works on ours unchanged: RPC, HTTP, TLS.

namespace ukstore::libos_kj {
namespace {

// A key pair for tests alone, for the name right.test.
constexpr char kKey[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIShwjnIqS/Mtaeiu
QEo0T+QYLswDbzMLixKfwlLj7B6hRANCAAQtkX0S1gn5G1l0TXpkGd+d5rHdiI/m
8FVBZnxnHGzVPuaCo/5/uZUg1IjhKT/KnxAQFCVlexthW04m+21a3jIs
-----END PRIVATE KEY-----
)";
constexpr char kCertificate[] = R"(-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUWWc3xA7meErD5wHaNM3Mozq9bukwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKcmlnaHQudGVzdDAgFw0yNjExMjQwOTA5NTBaGA8yMTI2MTAz
MTA5MDk1MFowFTETMBEGA1UEAwwKcmlnaHQudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABC2RfRLWCfkbWXRNemQZ353msd2Ij+bwVUFmfGccbNU+5oKj/n+5
lSDUiOEpP8qfEBAUJWV7G2FbTib7bVreMiyjajBoMB0GA1UdDgQWBBQQzHU7GQHs
GgMRC+wsdRCwW98WgDAfBgNVHSMEGDAWgBQQzHU7GQHsGgMRC+wsdRCwW98WgDAP
BgNVHRMBAf8EBTADAQH/MBUGA1UdEQQOMAyCCnJpZ2h0LnRlc3QwCgYIKoZIzj0E
AwIDSAAwRQIgCRnShjI4ca626KX+LTVPVuQjctYh1oM3toLdKIuMW+ICIQDGFYNt
FR3/FGbiGz97QnCRxhqTRaVkTdZdDofzY1aDQg==
-----END CERTIFICATE-----
)";

class Doubler final : public Service::Server {
 protected:
  kj::Promise<void> double_(DoubleContext context) override {
    context.getResults().setValue(context.getParams().getValue() * 2);
    return kj::READY_NOW;
  }
  kj::Promise<void> make(MakeContext context) override {
    context.getResults().initData(context.getParams().getBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> sink(SinkContext context) override {
    context.getResults().setSink(kj::heap<Doubler>());
    return kj::READY_NOW;
  }
};

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

class Pages final : public kj::HttpService {
 public:
  explicit Pages(kj::HttpHeaderTable& table) : table_(table) {}
  kj::Promise<void> request(kj::HttpMethod, kj::StringPtr url, const kj::HttpHeaders&,
                            kj::AsyncInputStream& body, Response& response) override {
    return body.readAllText().then([this, &response, path = kj::str(url)](kj::String&& text) {
      auto answer = kj::str(path, ' ', text);
      auto stream = response.send(200, "OK", kj::HttpHeaders(table_), answer.size());
      auto writing = stream->write(answer.begin(), answer.size());
      return writing.attach(kj::mv(answer), kj::mv(stream));
    });
  }

 private:
  kj::HttpHeaderTable& table_;
};

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
  kj::TlsKeypair keypair{kj::TlsPrivateKey(kKey), kj::TlsCertificate(kCertificate)};
  kj::TlsContext::Options server_options;
  server_options.defaultKeypair = keypair;
  server_options.useSystemTrustStore = false;
  kj::TlsContext server_context(kj::mv(server_options));
  kj::TlsCertificate trusted(kCertificate);
  kj::TlsContext::Options client_options;
  client_options.useSystemTrustStore = false;
  client_options.trustedCertificates = kj::arrayPtr(&trusted, 1);
  kj::TlsContext client_context(kj::mv(client_options));
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
