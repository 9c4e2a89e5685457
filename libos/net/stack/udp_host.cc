#include <ukstore/libos/net/stack/udp_host.h>
#include <ukstore/libos/net/wire/udp.h>
#include <algorithm>

namespace ukstore::net {
namespace {

// Whether datagrams to `address` are for a socket bound to `local`.
bool covers(const IpAddress& local, const IpAddress& address) {
  if (local == address) return true;
  if (!local.is_unspecified()) return false;
  return local.family() == Family::ipv6 || address.family() == Family::ipv4;
}

}  // namespace

UdpHost::Socket* UdpHost::find(UdpId id) {
  if (id.index >= sockets_.size() || id.generation == 0) return nullptr;
  Socket& socket = sockets_[id.index];
  return socket.generation == id.generation ? &socket : nullptr;
}

bool UdpHost::in_use(const IpAddress& address, uint16_t port) const {
  return std::any_of(sockets_.begin(), sockets_.end(), [&](const Socket& socket) {
    return socket.generation != 0 && socket.local.port == port && (socket.local.address == address);
  });
}

std::expected<UdpId, BindError> UdpHost::bind(const Endpoint& local, UdpEvents events) {
  if (!local.address.is_unspecified() && interface_.addresses().find(local.address) == nullptr)
    return std::unexpected(BindError::no_address);
  if (open_ >= options_.sockets_max) return std::unexpected(BindError::no_port);
  Endpoint bound = local;
  // A port that nobody can guess is half of a resolver's protection (RFC 5452, section 9.2).
  for (int tries = 0; local.port == 0 && tries < 1000; ++tries) {
    bound.port = static_cast<uint16_t>(32'768 + random_.below(28'232));
    if (!in_use(bound.address, bound.port)) break;
  }
  if (in_use(bound.address, bound.port)) return std::unexpected(BindError::in_use);
  auto free = std::find_if(sockets_.begin(), sockets_.end(),
                           [](const Socket& socket) { return socket.generation == 0; });
  auto index = static_cast<uint32_t>(free - sockets_.begin());
  if (free == sockets_.end()) sockets_.emplace_back();
  sockets_[index] = {.local = bound, .events = events, .generation = next_generation_++};
  ++open_;
  return UdpId{index, sockets_[index].generation};
}

void UdpHost::close(UdpId id) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  held_bytes_ -= socket->queued_bytes;
  *socket = {};
  --open_;
}

Endpoint UdpHost::local(UdpId id) const {
  const Socket* socket = find(id);
  return socket != nullptr ? socket->local : Endpoint{};
}

SendStatus UdpHost::send(Time now, UdpId id, const Endpoint& to, std::span<const ByteSpan> pieces) {
  Socket* socket = find(id);
  assert(socket != nullptr);
  std::optional<IpAddress> source = socket->local.address;
  if (source->is_unspecified()) source = interface_.source_for(now, to.address);
  if (!source || source->family() != to.address.family()) return SendStatus::no_route;
  size_t bytes = UdpHeader::kBytes;
  for (ByteSpan piece : pieces) bytes += piece.size();
  if (bytes > 0xffff) return SendStatus::too_long;
  PacketHeader header;
  std::span<std::byte> out = header.push_front(UdpHeader::kBytes);
  store_be16(out, 0, socket->local.port);
  store_be16(out, 2, to.port);
  store_be16(out, 4, static_cast<uint16_t>(bytes));
  store_be16(out, 6, 0);
  return interface_.send(now,
                         {.source = *source,
                          .destination = to.address,
                          .protocol = Protocol::udp,
                          .checksum_at = 6,
                          .may_fragment = true},
                         header, pieces);
}

std::optional<Datagram> UdpHost::receive(UdpId id) {
  Socket* socket = find(id);
  if (socket == nullptr || socket->queue.empty()) return std::nullopt;
  Datagram datagram = std::move(socket->queue.front());
  socket->queue.pop_front();
  socket->queued_bytes -= datagram.payload.held_bytes();
  held_bytes_ -= datagram.payload.held_bytes();
  return datagram;
}

std::optional<Endpoint> UdpHost::take_refusal(UdpId id) {
  Socket* socket = find(id);
  if (socket == nullptr) return std::nullopt;
  return std::exchange(socket->refusal, std::nullopt);
}

void UdpHost::notify(Socket& socket) {
  if (socket.events == UdpEvents::hidden || socket.event_queued) return;
  socket.event_queued = true;
  events_.push_back({static_cast<uint32_t>(&socket - sockets_.data()), socket.generation});
}

std::optional<UdpId> UdpHost::next_event() {
  while (!events_.empty()) {
    UdpId id = events_.front();
    events_.pop_front();
    Socket* socket = find(id);
    if (socket == nullptr) continue;
    socket->event_queued = false;
    return id;
  }
  return std::nullopt;
}

UdpHost::Socket* UdpHost::receiver(const IpAddress& address, uint16_t port) {
  Socket* any = nullptr;
  for (Socket& socket : sockets_) {
    if (socket.generation == 0 || socket.local.port != port) continue;
    if (socket.local.address == address) return &socket;
    if (covers(socket.local.address, address)) any = &socket;
  }
  return any;
}

UdpVerdict UdpHost::on_datagram(Time, const Received& received) {
  auto check =
      received.checksum == ChecksumState::valid ? UdpChecksum::trusted : UdpChecksum::verify;
  auto datagram = parse_udp(received.source, received.destination, received.bytes.bytes(), check);
  if (!datagram) return UdpVerdict::taken;  // bad bytes deserve no answer
  Socket* socket = receiver(received.destination, datagram->header.destination_port);
  if (socket == nullptr) return UdpVerdict::no_such_port;
  Buf payload =
      received.bytes.slice(UdpHeader::kBytes, static_cast<uint32_t>(datagram->payload.size()));
  // A small datagram must not pin a large buffer.
  if (payload.held_bytes() > 2 * payload.size() + 256) payload = Buf::copy_of(payload.bytes());
  size_t held = payload.held_bytes();
  if (socket->queued_bytes + held > options_.queue_bytes_max) return UdpVerdict::taken;
  socket->queued_bytes += held;
  held_bytes_ += held;
  socket->queue.push_back(
      {{received.source, datagram->header.source_port}, received.destination, std::move(payload)});
  notify(*socket);
  return UdpVerdict::taken;
}

Belief UdpHost::on_icmp_error(const IcmpError& error) {
  Socket* socket = receiver(error.source, load_be16(error.quote, 0));
  if (socket == nullptr) return Belief::doubted;
  if (error.kind == IcmpError::Kind::port_unreachable) {
    socket->refusal = Endpoint{error.destination, load_be16(error.quote, 2)};
    notify(*socket);
  }
  return Belief::believed;
}

}  // namespace ukstore::net
