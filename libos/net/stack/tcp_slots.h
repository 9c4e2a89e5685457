#pragma once
// What the host keeps with each connection and each listener.  Only tcp_host*.cc include this.

#include <ukstore/libos/net/stack/tcp_host.h>

namespace ukstore::net {

struct TcpHost::Slot {
  Slot(Connection c, const Tuple& t, uint32_t i, uint32_t g)
      : connection(std::move(c)), tuple(t), index(i), generation(g) {}

  Connection connection;
  Tuple tuple;
  uint32_t index;
  uint32_t generation;
  size_t charged_bytes = 0;
  uint32_t next = UINT32_MAX;      // in the same bucket of the demultiplexer
  uint32_t listener = UINT32_MAX;  // that it waits at for accept()
  uint8_t traffic_class = 0;
  bool held = false;  // by the application
  bool waits_for_accept = false;
  bool in_demux = false;  // segments still find it
  bool dirty = false;     // listed in dirty_
  bool event_queued = false;
  bool tight = false;  // its window was cut as memory is short
};

struct TcpHost::ListenerSlot {
  Endpoint local;
  uint32_t index;
  uint32_t backlog;
  // One for each family that it serves, as they differ in MSS.
  std::optional<Listener> ipv4;
  std::optional<Listener> ipv6;
  std::deque<uint32_t> waiting;  // slots of open connections nobody has accepted
  bool event_queued = false;
};

}  // namespace ukstore::net
