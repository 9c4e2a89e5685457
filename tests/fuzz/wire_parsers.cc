// Every parser below TCP, chosen by the first byte: no input may do more than be refused.  What is
// accepted must be written and read again as the same value.

#include <ukstore/libos/net/wire/arp.h>
#include <ukstore/libos/net/wire/dhcpv4.h>
#include <ukstore/libos/net/wire/dns.h>
#include <ukstore/libos/net/wire/ipv6_extension.h>
#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/print.h>
#include <ukstore/libos/net/wire/udp.h>
#include <cstdlib>

namespace ukstore::net {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void fuzz_ndp(ByteSpan bytes) {
  if (bytes.size() < 8) return;
  Ipv6Header ip{.source = *parse_ipv6("fe80::1"), .destination = kAllNodes, .hop_limit = 255};
  Icmpv6Message message{static_cast<Icmpv6Type>(133 + load_u8(bytes, 0) % 4), 0,
                        load_be32(bytes, 4), bytes.subspan(8)};
  auto parsed = parse_ndp(ip, message);
  if (!parsed) return;
  const auto* router = std::get_if<RouterAdvertisement>(&*parsed);
  if (router != nullptr && router->dns_servers.size() > 100) return;  // more than one option holds
  Bytes again = serialize(ip.source, ip.destination, *parsed);
  auto reread = parse_icmpv6(ip.source, ip.destination, again);
  require(reread.has_value() && parse_ndp(ip, *reread) == parsed);
}

void fuzz_dhcp(ByteSpan bytes) {
  auto parsed = parse_dhcp(bytes);
  if (!parsed || parsed->host_name.size() > 255) return;
  require(parse_dhcp(serialize(*parsed)) == parsed);
}

void fuzz_dns(ByteSpan bytes) {
  auto parsed = parse_dns(bytes);
  if (!parsed) return;
  resolve_answer(*parsed);
}

}  // namespace
}  // namespace ukstore::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ukstore::net;
  if (size == 0) return 0;
  ByteSpan bytes = std::as_bytes(std::span(data + 1, size - 1));
  switch (data[0] % 6) {
    case 0:
      describe_frame(bytes);
      break;
    case 1:
      describe_packet(bytes);
      break;
    case 2:
      fuzz_dhcp(bytes);
      break;
    case 3:
      fuzz_dns(bytes);
      break;
    case 4:
      fuzz_ndp(bytes);
      break;
    case 5:
      if (auto packet = parse_ipv6_quote(bytes)) walk_extensions(*packet);
      if (auto packet = parse_arp(bytes)) {
        auto again = serialize(*packet);
        if (parse_arp(again) != packet) std::abort();
      }
      break;
  }
  return 0;
}
