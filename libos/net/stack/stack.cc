#include <ukstore/libos/net/stack/stack.h>
#include <ukstore/libos/net/wire/dhcpv4.h>
#include <ukstore/libos/net/wire/udp.h>

namespace ukstore::net {
namespace {

constexpr size_t kBatchFrames = 64;
constexpr size_t kBatchBytes = 256 * 1024;
const Cidr kDefaultIpv4{Ipv4Address{}, 0};
const Cidr kDefaultIpv6{Ipv6Address{}, 0};

// A seed for each part, none of which tells anything of the key.
uint64_t derived(SecretKey key, uint64_t salt) { return keyed_hash(key, Tuple{}, salt); }

Interface::Options seeded(Interface::Options options, SecretKey key) {
  options.seed = derived(key, 1);
  return options;
}

TcpHost::Options keyed(TcpHost::Options options, SecretKey key) {
  options.key = key;
  return options;
}

UdpHost::Options seeded(UdpHost::Options options, SecretKey key) {
  options.seed = derived(key, 2);
  return options;
}

Resolver::Options seeded(Resolver::Options options, SecretKey key) {
  options.seed = derived(key, 3);
  return options;
}

}  // namespace

Stack::Stack(Device& device, const StackConfig& config, Time now)
    : device_(device),
      interface_(device_, *this, seeded(config.interface, config.key)),
      tcp_(interface_, keyed(config.tcp, config.key)),
      udp_(interface_, seeded(config.udp, config.key)),
      resolver_(udp_, seeded(config.resolver, config.key)),
      dhcp_(device.mac(), derived(config.key, 4)),
      fixed_dns_(config.dns_servers) {
  resolver_.set_servers(fixed_dns_);
  interface_.start(now);
  for (const Cidr& cidr : config.addresses) interface_.add_address(now, cidr, AddressOrigin::fixed);
  for (const IpAddress& gateway : config.gateways)
    interface_.routes().add(
        {gateway.family() == Family::ipv4 ? kDefaultIpv4 : kDefaultIpv6, gateway});
  if (config.dhcp == Dhcp::on) dhcp_.start(now);
}

Stack::~Stack() = default;

void Stack::on_tcp(Time now, const Received& segment) { tcp_.on_segment(now, segment); }

UdpVerdict Stack::on_udp(Time now, const Received& datagram) {
  if (datagram.destination.family() == Family::ipv4) {
    auto parsed = parse_udp(
        datagram.source, datagram.destination, datagram.bytes.bytes(),
        datagram.checksum == ChecksumState::valid ? UdpChecksum::trusted : UdpChecksum::verify);
    if (parsed && parsed->header.destination_port == kDhcpClientPort) {
      if (auto message = parse_dhcp(parsed->payload)) {
        dhcp_.on_message(now, *message);
        apply_lease(now);
      }
      return UdpVerdict::taken;
    }
  }
  // Before any address is ours nobody but a DHCP server has business with us.
  return udp_.on_datagram(now, datagram);
}

Belief Stack::on_icmp_error(Time now, const IcmpError& error) {
  switch (error.protocol) {
    case Protocol::tcp:
      return tcp_.on_icmp_error(now, error);
    case Protocol::udp:
      return udp_.on_icmp_error(error);
    default:
      return Belief::doubted;
  }
}

Stack::Progress Stack::receive(Time now) {
  check_thread();
  size_t frames = 0, bytes = 0;
  while (frames < kBatchFrames && bytes < kBatchBytes) {
    std::optional<size_t> got = interface_.receive_one(now);
    if (!got) break;
    ++frames;
    bytes += *got;
  }
  interface_.on_time(now);
  tcp_.on_time(now);
  if (dhcp_.deadline() <= now) run_dhcp(now);
  if (resolver_.pending() > 0) resolver_.on_time(now);
  if (interface_.advertised_dns().size() != advertised_dns_) {
    advertised_dns_ = interface_.advertised_dns().size();
    std::vector<IpAddress> servers = fixed_dns_;
    for (const Ipv6Address& server : interface_.advertised_dns()) servers.push_back(server);
    if (fixed_dns_.empty()) resolver_.set_servers(std::move(servers));
  }
  return frames > 0 ? Progress::some : Progress::none;
}

void Stack::transmit(Time now) {
  check_thread();
  tcp_.transmit(now);
  blocked_ = !interface_.ready(now);
  interface_.flush(now);
}

Time Stack::poll(Time now) {
  receive(now);
  transmit(now);
  return deadline();
}

Time Stack::deadline() const {
  // With a full device there is no sense in coming back at once.
  Time tcp = tcp_.deadline();
  if (blocked_ && tcp == Time::min()) tcp = kNever;
  return std::min({interface_.deadline(), tcp, dhcp_.deadline(), resolver_.deadline()});
}

void Stack::run_dhcp(Time now) {
  while (auto outgoing = dhcp_.next_message(now)) {
    // Before there is an address, the message comes from none (RFC 2131, section 4.1).
    Bytes payload = serialize(outgoing->message);
    IpAddress source = outgoing->message.client;
    IpAddress destination = outgoing->server.value_or(Ipv4Address::broadcast());
    PacketHeader header;
    Bytes whole(UdpHeader::kBytes);
    append(whole, payload);
    write(source, destination, UdpHeader{kDhcpClientPort, kDhcpServerPort}, whole);
    ByteSpan piece(whole);
    interface_.send(now,
                    {.source = source,
                     .destination = destination,
                     .protocol = Protocol::udp,
                     .may_fragment = true},
                    header, std::span(&piece, 1));
  }
  apply_lease(now);
}

// Makes addresses, routes and servers what the lease says now.
void Stack::apply_lease(Time now) {
  const std::optional<DhcpLease>& lease = dhcp_.lease();
  if (lease == applied_lease_) return;
  if (applied_lease_ && (!lease || lease->address != applied_lease_->address))
    interface_.remove_address(applied_lease_->address.address);
  interface_.routes().remove_all(Family::ipv4, RouteOrigin::dhcp);
  applied_lease_ = lease;
  if (!lease) return;
  interface_.add_address(now, lease->address, AddressOrigin::dhcp);
  if (lease->router)
    interface_.routes().add({kDefaultIpv4, IpAddress(*lease->router), RouteOrigin::dhcp});
  if (fixed_dns_.empty()) {
    std::vector<IpAddress> servers(lease->dns_servers.begin(), lease->dns_servers.end());
    resolver_.set_servers(std::move(servers));
  }
}

}  // namespace ukstore::net
