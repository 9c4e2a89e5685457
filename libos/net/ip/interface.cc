#include <ukstore/libos/net/ip/interface.h>

namespace ukstore::net {
namespace {

constexpr Duration kDetection = std::chrono::seconds(1);  // RFC 4862, one probe

// The network of `cidr`, its host bits cleared.
Cidr network_of(const Cidr& cidr) {
  Cidr network = cidr;
  unsigned bits = cidr.prefix_bits + (cidr.address.family() == Family::ipv4 ? 96u : 0u);
  for (unsigned bit = bits; bit < 128; ++bit)
    network.address.octets[bit / 8] &= static_cast<uint8_t>(~(0x80u >> bit % 8));
  return network;
}

}  // namespace

Interface::Interface(Device& device, Upper& upper, const Options& options)
    : device_(device),
      upper_(upper),
      options_(options),
      random_(options.seed),
      neighbors_(options.neighbors),
      fragments_(options.fragments),
      errors_limit_(options.icmp_errors_per_second, options.icmp_errors_per_second),
      echo_limit_(options.icmp_echoes_per_second, options.icmp_echoes_per_second),
      next_id_(static_cast<uint16_t>(random_.next())),
      next_fragment_id_(static_cast<uint32_t>(random_.next())) {
  assert(device.caps().checksum_tx);
}

void Interface::start(Time now) {
  if (options_.ipv6 == Ipv6Mode::on) {
    add_address(now, {link_local(mac()), 64}, AddressOrigin::link_local);
    discovery_.start(now + kDetection);
  }
}

void Interface::add_address(Time now, const Cidr& cidr, AddressOrigin origin) {
  OwnAddress own{.cidr = cidr, .origin = origin};
  if (cidr.address.family() == Family::ipv6 &&
      options_.duplicate_detection == DuplicateDetection::on)
    own.tentative_until = now + kDetection;
  if (origin != AddressOrigin::slaac)
    routes_.add({network_of(cidr), std::nullopt, RouteOrigin::link});
  if (addresses_.add(own) == OwnAddresses::Added::refreshed) return;
  if (own.tentative()) {
    send_ndp(now, Ipv6Address{}, solicited_node(cidr.address.v6()),
             NeighborSolicitation{cidr.address.v6(), std::nullopt});
  } else {
    announce(now, cidr.address);
  }
}

void Interface::remove_address(const IpAddress& address) {
  const OwnAddress* own = addresses_.find(address);
  if (own == nullptr) return;
  routes_.remove(network_of(own->cidr), RouteOrigin::link);
  addresses_.remove(address);
}

// Tells everybody on the link whose address this is, before they ask.
void Interface::announce(Time now, const IpAddress& address) {
  if (address.family() == Family::ipv4) {
    send_arp(now, {ArpOperation::request, mac(), address.v4(), MacAddress{}, address.v4()},
             MacAddress::broadcast());
  } else {
    send_ndp(
        now, address.v6(), kAllNodes,
        NeighborAdvertisement{.target = address.v6(), .target_mac = mac(), .override_entry = true});
  }
}

uint16_t Interface::mtu(Family family) const {
  if (family == Family::ipv4 || !discovery_.mtu()) return device_.mtu();
  return static_cast<uint16_t>(std::min<uint32_t>(device_.mtu(), *discovery_.mtu()));
}

uint16_t Interface::path_mtu(Time now, const IpAddress& destination) const {
  return path_mtu_.get(now, destination, mtu(destination.family()));
}

std::optional<IpAddress> Interface::source_for(Time now, const IpAddress& destination) const {
  if (addresses_.usable(destination)) return destination;
  return addresses_.source_for(now, destination);
}

void Interface::confirm_reachable(Time now, const IpAddress& destination) {
  if (auto hop = routes_.next_hop(destination)) neighbors_.confirm(now, *hop);
}

std::optional<size_t> Interface::receive_one(Time now) {
  std::optional<Frame> frame;
  if (!looped_.empty()) {
    frame = std::move(looped_.front());
    looped_.pop_front();
  } else {
    frame = device_.receive(now);
  }
  if (!frame) return std::nullopt;
  ++counters_.frames_in;
  on_frame(now, *frame);
  return frame->data.size();
}

void Interface::on_time(Time now) {
  while (auto question = neighbors_.next_solicitation(now)) ask(now, *question);
  while (auto lost = neighbors_.next_unreachable()) {
    // The sender's own timers find out; nothing of ours waits for these frames.
    static_cast<void>(lost);
  }
  while (auto expired = fragments_.next_expired(now)) {
    if (expired->key.source.family() == Family::ipv4) {
      send_icmpv4_error(now, Icmpv4Type::time_exceeded, 1, 0, expired->quote);
    } else {
      send_icmpv6_error(now, Icmpv6Type::time_exceeded, 1, 0, expired->quote, Cast::single);
    }
  }
  while (auto confirmed = addresses_.next_confirmed(now)) announce(now, confirmed->cidr.address);
  while (auto expired = addresses_.next_expired(now))
    routes_.remove(network_of(expired->cidr), RouteOrigin::link);
  discovery_.expire(now, routes_);
  if (options_.ipv6 == Ipv6Mode::on && discovery_.next_solicitation(now)) {
    bool have_source = addresses_.usable(link_local(mac()));
    RouterSolicitation question;
    if (have_source) question.source_mac = mac();
    send_ndp(now, have_source ? link_local(mac()) : Ipv6Address{}, kAllRouters, question);
  }
}

Time Interface::deadline() const {
  if (!looped_.empty()) return Time::min();
  return std::min({neighbors_.deadline(), fragments_.deadline(), addresses_.deadline(),
                   discovery_.deadline(), device_.deadline()});
}

void Interface::ask(Time now, const NeighborCache::Solicitation& question) {
  std::optional<IpAddress> source = addresses_.source_for(now, question.target);
  if (!source) return;
  if (question.target.family() == Family::ipv4) {
    ArpPacket packet{ArpOperation::request, mac(), source->v4(), MacAddress{},
                     question.target.v4()};
    send_arp(now, packet, question.to.value_or(MacAddress::broadcast()));
    return;
  }
  Ipv6Address target = question.target.v6();
  send_ndp(now, source->v6(), question.to ? target : solicited_node(target),
           NeighborSolicitation{target, mac()});
}

void Interface::release(Time now, std::vector<HeldFrame> frames, const MacAddress& to) {
  for (HeldFrame& frame : frames) {
    store(frame.bytes, 0, to.octets);
    if (blocked_.empty() && send_held(now, frame) == SendResult::sent) {
      ++counters_.frames_out;
    } else if (blocked_.size() < kBlockedMax) {
      blocked_.push_back(std::move(frame));
    }
  }
}

}  // namespace ukstore::net
