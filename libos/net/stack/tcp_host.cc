#include <ukstore/libos/net/stack/tcp_host.h>
#include <ukstore/libos/net/stack/tcp_slots.h>
#include <ukstore/libos/net/tcp/initial_sequence.h>
#include <algorithm>
#include <cstring>

// Connections as the application sees them, and their bookkeeping.

namespace ukstore::net {

namespace {

constexpr uint32_t kWriteChunkBytes = 64 * 1024;
constexpr size_t kWriteChunksKept = 16;

}  // namespace

TcpHost::TcpHost(Interface& interface, const Options& options)
    : interface_(interface),
      options_(options),
      time_wait_(options.key, options.time_wait_max),
      write_chunks_(kWriteChunkBytes, kWriteChunksKept),
      resets_limit_(options.resets_per_second, options.resets_per_second) {}

TcpHost::~TcpHost() = default;

Config TcpHost::config_for(Family family) const {
  Config config = options_.config;
  config.family = family;
  size_t headers =
      (family == Family::ipv4 ? Ipv4Header::kBytes : Ipv6Header::kBytes) + TcpHeader::kBytesMin;
  config.mss = static_cast<uint16_t>(interface_.mtu(family) - headers);
  return config;
}

// --- Slots
// ----------------------------------------------------------------------------------------

uint32_t& TcpHost::bucket_of(const Tuple& tuple) {
  return buckets_[keyed_hash(options_.key, tuple, 0x6d6170) & (buckets_.size() - 1)];
}

TcpHost::Slot* TcpHost::find_slot(const Tuple& tuple) const {
  if (buckets_.empty()) return nullptr;
  if (last_found_ < slots_.size()) {
    Slot* last = slots_[last_found_].get();
    if (last != nullptr && last->in_demux && last->tuple == tuple) return last;
  }
  for (uint32_t at = const_cast<TcpHost*>(this)->bucket_of(tuple); at != UINT32_MAX;
       at = slots_[at]->next)
    if (slots_[at]->tuple == tuple) return slots_[last_found_ = at].get();
  return nullptr;
}

void TcpHost::link(Slot& slot) {
  if (linked_++ >= buckets_.size()) {
    buckets_.assign(std::max<size_t>(16, 2 * buckets_.size()), UINT32_MAX);
    for (const auto& other : slots_)
      if (other && other->in_demux)
        other->next = std::exchange(bucket_of(other->tuple), other->index);
  }
  slot.in_demux = true;
  slot.next = std::exchange(bucket_of(slot.tuple), slot.index);
}

void TcpHost::unlink(Slot& slot) {
  uint32_t* at = &bucket_of(slot.tuple);
  while (*at != slot.index) at = &slots_[*at]->next;
  *at = slot.next;
  slot.in_demux = false;
  --linked_;
}

TcpHost::Slot* TcpHost::slot(TcpId id) const {
  if (id.index >= slots_.size()) return nullptr;
  Slot* slot = slots_[id.index].get();
  return slot != nullptr && slot->generation == id.generation && slot->held ? slot : nullptr;
}

TcpHost::Slot& TcpHost::add(const Tuple& tuple, Connection connection) {
  uint32_t index;
  if (free_slots_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[index] = std::make_unique<Slot>(std::move(connection), tuple, index, next_generation_++);
  link(*slots_[index]);
  ++counters_.opened;
  ++open_;
  return *slots_[index];
}

void TcpHost::release(Slot& slot) {
  uint32_t index = slot.index;
  if (slot.in_demux) unlink(slot);
  held_bytes_ -= slot.charged_bytes;
  timers_.remove(index);
  // dirty_ may still name the index: transmit() finds it empty, or a new slot that is not dirty.
  slots_[index].reset();
  free_slots_.push_back(index);
  ++counters_.closed;
  --open_;
  relieve();
}

void TcpHost::touch(Slot& slot) {
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_.push_back(slot.index);
}

void TcpHost::notify(Slot& slot) {
  if (!slot.held || slot.event_queued) return;
  slot.event_queued = true;
  events_.push_back({TcpEvent::Kind::connection, {slot.index, slot.generation}, {}});
}

void TcpHost::charge(Slot& slot) {
  size_t now_held = slot.connection.held_bytes();
  held_bytes_ = held_bytes_ - slot.charged_bytes + now_held;
  slot.charged_bytes = now_held;
  // Past three quarters of the budget windows shrink to the floor; they may grow again below half.
  bool tight = held_bytes_ > options_.memory_bytes_max / 4 * 3 ||
               (slot.tight && held_bytes_ > options_.memory_bytes_max / 2);
  if (tight == slot.tight) return;
  slot.tight = tight;
  slot.connection.set_receive_buffer_max(tight ? options_.receive_bytes_floor
                                               : options_.config.receive_buffer_bytes_max);
}

bool TcpHost::has_room_for(const Slot& slot, const Buf& payload) const {
  if (payload.empty() || held_bytes_ + payload.size() <= options_.memory_bytes_max) return true;
  return slot.charged_bytes + payload.size() <= options_.receive_bytes_floor;
}

void TcpHost::relieve() {
  if (starved_.empty() || held_bytes_ >= options_.memory_bytes_max / 8 * 7) return;
  for (TcpId id : std::exchange(starved_, {}))
    if (Slot* waiting = slot(id)) notify(*waiting);
}

// After everything that a connection wanted to send has gone out.
void TcpHost::settle(Time now, Slot& slot) {
  charge(slot);
  if (slot.in_demux && slot.connection.state() == State::time_wait) {
    TimeWait record = slot.connection.time_wait_record();
    unlink(slot);
    timers_.remove(slot.index);
    if (record.expires > now) time_wait_.insert(slot.tuple, record);
    notify(slot);
  }
  bool over = !slot.in_demux || slot.connection.finished();
  if (over && !slot.held && !slot.waits_for_accept) return release(slot);
  if (!over) timers_.set(slot.index, slot.connection.deadline());
  relieve();
}

// --- The application
// ------------------------------------------------------------------------------

std::optional<uint16_t> TcpHost::free_port(Time now, Tuple tuple) {
  // RFC 6056, algorithm 3: a keyed start for each peer, and a counter.
  constexpr uint32_t kFirst = 32'768, kCount = 28'232;
  uint64_t start = keyed_hash(options_.key, tuple, 0x706f7274);
  for (uint32_t tries = 0; tries < kCount; ++tries) {
    tuple.local_port = static_cast<uint16_t>(kFirst + (start + port_counter_++) % kCount);
    if (find_slot(tuple) != nullptr) continue;
    const TimeWait* old = time_wait_.find(tuple);
    if (old != nullptr && !old->reusable(now)) continue;
    return tuple.local_port;
  }
  return std::nullopt;
}

std::expected<TcpId, ConnectError> TcpHost::connect(Time now, const Endpoint& remote,
                                                    std::optional<IpAddress> local) {
  if (open_ >= options_.connections_max || short_of_memory())
    return std::unexpected(ConnectError::no_memory);
  if (local && (local->family() != remote.address.family() ||
                interface_.addresses().find(*local) == nullptr))
    return std::unexpected(ConnectError::no_address);
  std::optional<IpAddress> source = interface_.source_for(now, remote.address);
  if (source && local) source = local;
  bool broadcast = remote.address.family() == Family::ipv4 &&
                   interface_.addresses().is_broadcast(remote.address.v4());
  if (!source || broadcast || remote.address.is_multicast() || remote.address.is_unspecified())
    return std::unexpected(ConnectError::no_route);
  Tuple tuple{.local = source->octets, .remote = remote.address.octets, .remote_port = remote.port};
  std::optional<uint16_t> port = free_port(now, tuple);
  if (!port) return std::unexpected(ConnectError::no_port);
  tuple.local_port = *port;
  SeqNumber iss = initial_sequence_number(options_.key, tuple, now);
  if (const TimeWait* old = time_wait_.find(tuple)) {
    // The new life begins beyond the old one (RFC 6191).
    if (!before(old->snd_nxt, iss)) iss = old->snd_nxt + 0x10000;
    time_wait_.remove(tuple);
  }
  Slot& slot = add(tuple, Connection::connect(now, config_for(source->family()), iss,
                                              timestamp_offset(options_.key, tuple)));
  slot.held = true;
  touch(slot);
  return TcpId{slot.index, slot.generation};
}

const Connection* TcpHost::find(TcpId id) const {
  const Slot* found = slot(id);
  return found != nullptr ? &found->connection : nullptr;
}

// What makes more than half a chunk is copied to one of ours, the rest to the queue's own.
size_t TcpHost::queue_copy(Time now, Slot& slot, std::span<const std::byte> bytes) {
  Connection& connection = slot.connection;
  size_t taken = 0;
  for (;;) {
    size_t piece =
        std::min({bytes.size() - taken, connection.writable_bytes(), size_t{kWriteChunkBytes}});
    if (piece <= kWriteChunkBytes / 2) break;
    ChunkRef chunk = write_chunks_.take();
    std::memcpy(chunk->data, bytes.data() + taken, piece);
    if (!connection.on_write(now, Buf(std::move(chunk), 0, static_cast<uint32_t>(piece)))) break;
    taken += piece;
  }
  return taken + connection.on_write(now, bytes.subspan(taken));
}

size_t TcpHost::write(Time now, TcpId id, std::span<const std::byte> bytes) {
  Slot* found = slot(id);
  if (found == nullptr) return 0;
  // A writer with little queued may go on, so that memory held by others cannot stop it for good.
  if (short_of_memory() && found->connection.unacknowledged_bytes() > 0) {
    starved_.push_back(id);
    return 0;
  }
  size_t taken = queue_copy(now, *found, bytes);
  charge(*found);
  touch(*found);
  return taken;
}

bool TcpHost::write(Time now, TcpId id, const Buf& buf) {
  Slot* found = slot(id);
  if (found == nullptr || !found->connection.on_write(now, buf)) return false;
  charge(*found);
  touch(*found);
  return true;
}

size_t TcpHost::read(Time now, TcpId id, std::span<std::byte> out) {
  Slot* found = slot(id);
  if (found == nullptr) return 0;
  size_t got = found->connection.on_read(now, out);
  charge(*found);
  touch(*found);
  return got;
}

void TcpHost::consume(Time now, TcpId id, size_t bytes) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.on_consume(now, bytes);
  charge(*found);
  touch(*found);
}

void TcpHost::shutdown_write(Time now, TcpId id) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.on_shutdown_write(now);
  touch(*found);
}

void TcpHost::shutdown_read(Time now, TcpId id) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.on_shutdown_read(now);
  touch(*found);
}

void TcpHost::close(Time now, TcpId id) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->held = false;
  if (found->in_demux) found->connection.on_close(now);
  touch(*found);
}

void TcpHost::abort(Time now, TcpId id) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->held = false;
  if (found->in_demux) found->connection.on_abort(now);
  touch(*found);
}

void TcpHost::set_nagle(TcpId id, Feature nagle) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.set_nagle(nagle);
  touch(*found);
}

void TcpHost::set_keepalive(Time now, TcpId id, Feature keepalive) {
  const Config& config = options_.config;
  set_keepalive(now, id, keepalive, config.keepalive_idle, config.keepalive_interval,
                config.keepalive_probes);
}

void TcpHost::set_keepalive(Time now, TcpId id, Feature keepalive, Duration idle, Duration interval,
                            uint8_t probes) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.set_keepalive(now, keepalive, idle, interval, probes);
  touch(*found);
}

void TcpHost::set_user_timeout(Time now, TcpId id, Duration timeout) {
  Slot* found = slot(id);
  if (found == nullptr) return;
  found->connection.set_user_timeout(now, timeout);
  touch(*found);
}

void TcpHost::set_traffic_class(TcpId id, uint8_t traffic_class) {
  if (Slot* found = slot(id)) found->traffic_class = traffic_class;
}

Endpoint TcpHost::local(TcpId id) const {
  const Slot* found = slot(id);
  if (found == nullptr) return {};
  return {IpAddress::of(found->tuple.local), found->tuple.local_port};
}

Endpoint TcpHost::local(ListenerId id) const {
  if (id.index >= listeners_.size() || listeners_[id.index] == nullptr) return {};
  return listeners_[id.index]->local;
}

Endpoint TcpHost::remote(TcpId id) const {
  const Slot* found = slot(id);
  if (found == nullptr) return {};
  return {IpAddress::of(found->tuple.remote), found->tuple.remote_port};
}

std::optional<TcpEvent> TcpHost::next_event() {
  while (!events_.empty()) {
    TcpEvent event = events_.front();
    events_.pop_front();
    if (event.kind == TcpEvent::Kind::listener) {
      ListenerSlot* listener = listeners_[event.listener.index].get();
      if (listener == nullptr) continue;
      listener->event_queued = false;
      return event;
    }
    // The application may have closed it meanwhile.
    Slot* found = slot(event.connection);
    if (found == nullptr) continue;
    found->event_queued = false;
    return event;
  }
  return std::nullopt;
}

TcpHost::Live TcpHost::live() const {
  Live live{.connections = open_, .time_wait = time_wait_.size()};
  for (const auto& listener : listeners_) {
    if (listener == nullptr) continue;
    for (const auto& half : {&listener->ipv4, &listener->ipv6})
      if (half->has_value()) live.half_open += (*half)->half_open();
  }
  return live;
}

std::string TcpHost::describe() const {
  std::string text;
  for (const auto& listener : listeners_)
    if (listener) text += "listen " + to_string(listener->local) + '\n';
  for (const auto& slot : slots_) {
    if (!slot) continue;
    const Connection& connection = slot->connection;
    text += std::string(to_string(connection.state())) + ' ' +
            to_string(Endpoint{IpAddress::of(slot->tuple.local), slot->tuple.local_port}) + ' ' +
            to_string(Endpoint{IpAddress::of(slot->tuple.remote), slot->tuple.remote_port}) +
            " readable " + std::to_string(connection.readable_bytes()) + " unacknowledged " +
            std::to_string(connection.unacknowledged_bytes()) + " held " +
            std::to_string(connection.held_bytes()) + '\n';
  }
  text += "time_wait " + std::to_string(time_wait_.size()) + '\n';
  return text;
}

}  // namespace ukstore::net
