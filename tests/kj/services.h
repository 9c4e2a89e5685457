#pragma once
// What the tests serve over a kj::Network: calls, pages, and a name to prove by a certificate.

#include <kj/compat/http.h>
#include <kj/compat/tls.h>
#include <kj/debug.h>

#include "service.capnp.h"

namespace ukstore::libos_kj {

// A key pair for tests alone, for the name right.test.
inline constexpr char kKey[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIShwjnIqS/Mtaeiu
QEo0T+QYLswDbzMLixKfwlLj7B6hRANCAAQtkX0S1gn5G1l0TXpkGd+d5rHdiI/m
8FVBZnxnHGzVPuaCo/5/uZUg1IjhKT/KnxAQFCVlexthW04m+21a3jIs
-----END PRIVATE KEY-----
)";
inline constexpr char kCertificate[] = R"(-----BEGIN CERTIFICATE-----
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

// A server that proves to be right.test, and a client that believes it alone.
inline kj::TlsContext tls_server() {
  kj::TlsKeypair keypair{kj::TlsPrivateKey(kKey), kj::TlsCertificate(kCertificate)};
  kj::TlsContext::Options options;
  options.defaultKeypair = keypair;
  options.useSystemTrustStore = false;
  return kj::TlsContext(kj::mv(options));
}

inline kj::TlsContext tls_client() {
  kj::TlsCertificate trusted(kCertificate);
  kj::TlsContext::Options options;
  options.useSystemTrustStore = false;
  options.trustedCertificates = kj::arrayPtr(&trusted, 1);
  return kj::TlsContext(kj::mv(options));
}

}  // namespace ukstore::libos_kj
