#include <ukstore/libos/net/stack/tcp_slots.h>
#include <ukstore/libos/net/tcp/reset.h>
#include <algorithm>

// Listeners: the passive side of TCP.

namespace ukstore::net {

std::expected<ListenerId, ListenError> TcpHost::listen(const Endpoint& local, uint32_t backlog) {
  bool any = local.address.is_unspecified();
  if (!any && interface_.addresses().find(local.address) == nullptr)
    return std::unexpected(ListenError::no_address);
  uint16_t port = local.port;
  auto in_use = [&](uint16_t candidate) {
    return std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& other) {
      return other != nullptr && other->local.port == candidate &&
             other->local.address == local.address;
    });
  };
  if (port == 0) {
    port = 49'152;
    while (in_use(port)) ++port;
  }
  if (in_use(port)) return std::unexpected(ListenError::in_use);
  auto free = std::find(listeners_.begin(), listeners_.end(), nullptr);
  auto index = static_cast<uint32_t>(free - listeners_.begin());
  if (free == listeners_.end()) listeners_.emplace_back();
  listeners_[index] = std::make_unique<ListenerSlot>();
  ListenerSlot& slot = *listeners_[index];
  slot.local = {local.address, port};
  slot.index = index;
  slot.backlog = std::max(backlog, 1u);
  return ListenerId{index};
}

Listener& TcpHost::half_open_of(ListenerSlot& listener, Family family) {
  auto& half = family == Family::ipv4 ? listener.ipv4 : listener.ipv6;
  if (!half) {
    half.emplace(Listener::Options{.config = config_for(family),
                                   .syn_queue_max = options_.syn_queue_max,
                                   .cookies = options_.cookies},
                 options_.key);
  }
  return *half;
}

std::optional<TcpId> TcpHost::accept(ListenerId id) {
  if (id.index >= listeners_.size() || listeners_[id.index] == nullptr) return std::nullopt;
  ListenerSlot& listener = *listeners_[id.index];
  if (listener.waiting.empty()) return std::nullopt;
  Slot& slot = *slots_[listener.waiting.front()];
  listener.waiting.pop_front();
  slot.waits_for_accept = false;
  slot.held = true;
  notify(slot);  // it may hold data already
  return TcpId{slot.index, slot.generation};
}

void TcpHost::close(Time now, ListenerId id) {
  if (id.index >= listeners_.size() || listeners_[id.index] == nullptr) return;
  for (uint32_t index : listeners_[id.index]->waiting) {
    Slot& slot = *slots_[index];
    slot.waits_for_accept = false;
    if (slot.in_demux) slot.connection.on_abort(now);
    touch(slot);
  }
  listeners_[id.index].reset();
}

// The exact address before the unspecified one.
TcpHost::ListenerSlot* TcpHost::find_listener(const Tuple& tuple) {
  IpAddress local = IpAddress::of(tuple.local);
  ListenerSlot* any = nullptr;
  for (const auto& listener : listeners_) {
    if (listener == nullptr || listener->local.port != tuple.local_port) continue;
    if (listener->local.address == local) return listener.get();
    bool unspecified = listener->local.address.is_unspecified();
    bool both = listener->local.address.family() == Family::ipv6;
    if (unspecified && (both || local.family() == Family::ipv4)) any = listener.get();
  }
  return any;
}

void TcpHost::to_listener(Time now, const Tuple& tuple, const SegmentView& segment) {
  ListenerSlot* listener = find_listener(tuple);
  if (listener == nullptr) {
    std::optional<TcpHeader> reset = reset_for(segment);
    if (!reset || !resets_limit_.take(now)) return;
    ++counters_.resets_out;
    return send_header(now, tuple, *reset);
  }
  bool full = short_of_memory() || open_ >= options_.connections_max;
  if (full && segment.header.flags.syn) {
    ++counters_.refused_for_memory;
    return;
  }
  Listener& half_open = half_open_of(*listener, IpAddress::of(tuple.local).family());
  AcceptRoom room =
      full || listener->waiting.size() >= listener->backlog ? AcceptRoom::full : AcceptRoom::free;
  Listener::Answer answer = half_open.on_segment(now, tuple, segment, room);
  if (answer.reply) send_header(now, tuple, *answer.reply);
  if (answer.opening)
    open_passively(now, *listener, tuple, *answer.opening, half_open.config(), segment);
}

void TcpHost::open_passively(Time now, ListenerSlot& listener, const Tuple& tuple,
                             const Opening& opening, const Config& config,
                             const SegmentView& segment) {
  Slot& slot = add(tuple, Connection::accepted(now, config, opening));
  slot.waits_for_accept = true;
  slot.listener = listener.index;
  slot.connection.on_segment(now, segment);
  interface_.confirm_reachable(now, IpAddress::of(tuple.remote));
  listener.waiting.push_back(slot.index);
  touch(slot);
  if (listener.event_queued) return;
  listener.event_queued = true;
  events_.push_back({TcpEvent::Kind::listener, {}, {listener.index}});
}

}  // namespace ukstore::net
