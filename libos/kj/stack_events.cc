#include <ukstore/libos/kj/stack_events.h>

#include <kj/debug.h>

namespace ukstore::libos_kj {
namespace {

void set(std::vector<EventSink*>& sinks, size_t index, EventSink* sink) {
  if (index >= sinks.size()) sinks.resize(index + 1);
  sinks[index] = sink;
}

EventSink* get(const std::vector<EventSink*>& sinks, size_t index) {
  return index < sinks.size() ? sinks[index] : nullptr;
}

kj::Exception resolve_exception(net::ResolveError error) {
  switch (error) {
    case net::ResolveError::bad_name:
      return KJ_EXCEPTION(FAILED, "not a host name");
    case net::ResolveError::no_server:
      return KJ_EXCEPTION(FAILED, "no DNS server is known");
    case net::ResolveError::no_such_name:
      return KJ_EXCEPTION(FAILED, "no such host");
    case net::ResolveError::failed:
      return KJ_EXCEPTION(FAILED, "the DNS server failed");
    case net::ResolveError::timed_out:
      return KJ_EXCEPTION(DISCONNECTED, "no DNS server answered");
  }
  KJ_UNREACHABLE;
}

}  // namespace

void StackEvents::watch(net::TcpId id, EventSink& sink) {
  if (id.index >= connections_.size()) connections_.resize(id.index + 1);
  connections_[id.index] = {id, &sink};
}

void StackEvents::watch(net::ListenerId id, EventSink& sink) { set(listeners_, id.index, &sink); }
void StackEvents::watch(net::UdpId id, EventSink& sink) { set(sockets_, id.index, &sink); }

void StackEvents::forget(net::TcpId id) {
  if (connections_[id.index].id == id) connections_[id.index] = {};
}

void StackEvents::forget(net::ListenerId id) { set(listeners_, id.index, nullptr); }
void StackEvents::forget(net::UdpId id) { set(sockets_, id.index, nullptr); }

kj::Promise<std::vector<net::IpAddress>> StackEvents::resolve(kj::StringPtr name) {
  net::QueryId id = stack_.resolver().resolve(now(), {name.begin(), name.size()});
  auto paf = kj::newPromiseAndFulfiller<std::vector<net::IpAddress>>();
  queries_[id.value] = kj::mv(paf.fulfiller);
  changed();
  return kj::mv(paf.promise);
}

void StackEvents::changed() { transmitLast(); }

// A driver that waits is woken only by an earlier deadline: what pump() itself sends in its own
// turn must not make it pump again.
void StackEvents::transmitLast() {
  if (transmit_queued_) return;
  transmit_queued_ = true;
  transmitting_ = kj::evalLast([this]() {
                    transmit_queued_ = false;
                    stack_.transmit(now());
                    dispatch();
                    if (changed_ && stack_.deadline() < known_deadline_) changed_->fulfill();
                  }).eagerlyEvaluate([](kj::Exception&& e) { KJ_LOG(ERROR, e); });
}

kj::Promise<void> StackEvents::whenChanged() {
  auto paf = kj::newPromiseAndFulfiller<void>();
  changed_ = kj::mv(paf.fulfiller);
  known_deadline_ = stack_.deadline();
  return kj::mv(paf.promise);
}

net::Stack::Progress StackEvents::pump() {
  net::Stack::Progress progress = stack_.receive(now());
  dispatch();
  transmitLast();
  return progress;
}

void StackEvents::dispatch() {
  while (auto event = stack_.tcp().next_event()) {
    if (event->kind == net::TcpEvent::Kind::listener) {
      if (EventSink* sink = get(listeners_, event->listener.index)) sink->onEvent();
      continue;
    }
    uint32_t index = event->connection.index;
    if (index >= connections_.size() || connections_[index].id != event->connection) continue;
    connections_[index].sink->onEvent();
  }
  while (auto id = stack_.udp().next_event())
    if (EventSink* sink = get(sockets_, id->index)) sink->onEvent();
  while (auto result = stack_.resolver().next_result()) {
    auto waiting = queries_.find(result->id.value);
    if (waiting == queries_.end()) continue;
    if (result->addresses) {
      waiting->second->fulfill(kj::mv(*result->addresses));
    } else {
      waiting->second->reject(resolve_exception(result->addresses.error()));
    }
    queries_.erase(waiting);
  }
}

}  // namespace ukstore::libos_kj
