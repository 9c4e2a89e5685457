#include <ukstore/libos/net/stack/tcp_slots.h>
#include <ukstore/libos/net/tcp/reset.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <algorithm>

// Segments in, segments out, and the time.

namespace ukstore::net {

void TcpHost::on_segment(Time now, const Received& received) {
  ++counters_.segments_in;
  ByteSpan bytes = received.bytes.bytes();
  auto view = TcpView::check(bytes);
  if (!view) {
    ++counters_.malformed;
    return;
  }
  if (received.checksum != ChecksumState::valid &&
      transport_checksum(received.source, received.destination, Protocol::tcp, bytes) != 0) {
    ++counters_.bad_checksum;
    return;
  }
  size_t header_bytes = view->header_bytes();
  SegmentView segment{view->parse(),
                      received.bytes.slice(static_cast<uint32_t>(header_bytes),
                                           static_cast<uint32_t>(bytes.size() - header_bytes))};
  Tuple tuple{received.destination.octets, received.source.octets, segment.header.destination_port,
              segment.header.source_port};
  if (Slot* found = find_slot(tuple)) {
    Slot& slot = *found;
    if (!has_room_for(slot, segment.payload)) {
      // As if the network had lost it, but for what it acknowledges.
      ++counters_.dropped_for_memory;
      segment.payload = {};
      segment.header.flags.fin = false;
    }
    slot.connection.on_segment(now, segment);
    if (held_bytes_ > options_.memory_bytes_max / 2) charge(slot);
    touch(slot);
    notify(slot);
    // A long batch must not starve the peer of acknowledgments.
    if (slot.connection.wants_flush()) send_plans(now, slot);
    return;
  }
  if (TimeWait* wait = time_wait_.find(tuple)) {
    TimeWait::Answer answer = wait->on_segment(now, segment);
    if (answer.verdict == TimeWait::Verdict::stay) {
      if (answer.reply) send_header(now, tuple, *answer.reply);
      return;
    }
    time_wait_.remove(tuple);
  }
  to_listener(now, tuple, segment);
}

Belief TcpHost::on_icmp_error(Time now, const IcmpError& error) {
  if (error.quote.size() < 8) return Belief::doubted;
  Tuple tuple{error.source.octets, error.destination.octets, load_be16(error.quote, 0),
              load_be16(error.quote, 2)};
  Slot* found = find_slot(tuple);
  if (found == nullptr) return Belief::doubted;
  Slot& slot = *found;
  SeqNumber quoted{load_be32(error.quote, 4)};
  switch (error.kind) {
    case IcmpError::Kind::too_big: {
      size_t headers =
          (error.source.family() == Family::ipv4 ? Ipv4Header::kBytes : Ipv6Header::kBytes) +
          TcpHeader::kBytesMin;
      if (error.mtu > headers)
        slot.connection.on_path_mss(now, quoted, static_cast<uint16_t>(error.mtu - headers));
      break;
    }
    case IcmpError::Kind::port_unreachable:
    case IcmpError::Kind::unreachable:
      slot.connection.on_unreachable(now, quoted);
      break;
    case IcmpError::Kind::other:
      break;
  }
  touch(slot);
  notify(slot);
  // Each connection keeps what it learned to itself: a forged quote that one of them refuses must
  // not reach the others by way of a shared table.
  return Belief::doubted;
}

void TcpHost::send_header(Time now, const Tuple& tuple, TcpHeader header) {
  header.source_port = tuple.local_port;
  header.destination_port = tuple.remote_port;
  PacketHeader out;
  header.emit(out.push_front(header.wire_bytes()));
  ++counters_.segments_out;
  interface_.send(now, packet_for(tuple, 0), out, {});
}

Interface::Packet TcpHost::packet_for(const Tuple& tuple, uint8_t traffic_class) const {
  return {.source = IpAddress::of(tuple.local),
          .destination = IpAddress::of(tuple.remote),
          .protocol = Protocol::tcp,
          .hop_limit = options_.hop_limit,
          .traffic_class = traffic_class,
          .checksum_at = kTcpChecksumOffset};
}

void TcpHost::send_plans(Time now, Slot& slot) {
  const Caps& caps = interface_.caps();
  std::array<ByteSpan, kFramePiecesMax - 1> pieces;
  while (interface_.ready(now)) {
    std::optional<SegmentPlan> plan = slot.connection.next_segment(now, caps);
    if (!plan) return;
    plan->header.source_port = slot.tuple.local_port;
    plan->header.destination_port = slot.tuple.remote_port;
    PacketHeader out;
    plan->header.emit(out.push_front(plan->header.wire_bytes()));
    size_t count = slot.connection.gather(*plan, pieces);
    assert(count > 0 || plan->length == 0);
    ++counters_.segments_out;
    Interface::Packet packet = packet_for(slot.tuple, slot.traffic_class);
    packet.gso_bytes = plan->length > plan->mss ? plan->mss : uint16_t{0};
    interface_.send(now, packet, out, std::span(pieces).first(count));
  }
}

void TcpHost::transmit(Time now) {
  // What is sent to ourselves does not arrive before the next input pass, so the list only
  // shrinks; with a full device the rest of it waits.
  size_t done = 0;
  while (done < dirty_.size() && interface_.ready(now)) {
    Slot* slot = slots_[dirty_[done++]].get();
    if (slot == nullptr || !slot->dirty) continue;
    slot->dirty = false;
    if (slot->in_demux) send_plans(now, *slot);
    if (!interface_.ready(now)) touch(*slot);
    settle(now, *slot);
  }
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<ptrdiff_t>(done));
}

void TcpHost::on_time(Time now) {
  while (auto index = timers_.pop(now)) {
    Slot& slot = *slots_[*index];
    Time deadline = slot.connection.deadline();
    if (deadline > now) {
      timers_.set(*index, deadline);
      continue;
    }
    slot.connection.on_time(now);
    touch(slot);
    notify(slot);
  }
  time_wait_.expire(now);
  for (const auto& listener : listeners_) {
    if (listener == nullptr) continue;
    for (auto* half : {&listener->ipv4, &listener->ipv6}) {
      if (!half->has_value() || (*half)->deadline() > now) continue;
      while (auto reply = (*half)->next_reply(now)) send_header(now, reply->tuple, reply->header);
    }
  }
}

Time TcpHost::deadline() const {
  if (!dirty_.empty()) return Time::min();
  Time next = std::min(timers_.deadline(), time_wait_.deadline());
  for (const auto& listener : listeners_) {
    if (listener == nullptr) continue;
    for (const auto* half : {&listener->ipv4, &listener->ipv6})
      if (half->has_value()) next = std::min(next, (*half)->deadline());
  }
  return next;
}

}  // namespace ukstore::net
