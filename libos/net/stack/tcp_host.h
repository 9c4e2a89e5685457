#pragma once
// All TCP of one stack: connections, listeners, TIME-WAIT records, their timers and their memory.
//
//   1. A tuple is in at most one of: the connections by tuple, the TIME-WAIT table, a listener's
//      queue of half-open ones.
//   2. A connection that the application has closed is freed as soon as it is finished; one that
//      it still holds is freed when it closes it.
//   3. The bytes held by all connections are counted after each change; over the budget no
//      connection is accepted, no byte more is taken from writers, windows stop growing, and of
//      what arrives only a connection that holds less than its floor keeps the payload.
//   4. After each call every connection's deadline() is in the timer heap at its time or earlier.

#include <ukstore/libos/net/dev/chunk_pool.h>
#include <ukstore/libos/net/ip/interface.h>
#include <ukstore/libos/net/stack/time_wait_table.h>
#include <ukstore/libos/net/stack/timer_heap.h>
#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/listener.h>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ukstore::net {

// Names a connection for the application.  Never reused: after close() it names nothing.
struct TcpId {
  uint32_t index = UINT32_MAX;
  uint32_t generation = 0;

  bool operator==(const TcpId&) const = default;
};

struct ListenerId {
  uint32_t index = UINT32_MAX;

  bool operator==(const ListenerId&) const = default;
};

enum class ConnectError : uint8_t { no_route, no_address, no_port, no_memory };
enum class ListenError : uint8_t { in_use, no_address };

// Something that the application may want to look at: the connection became readable, writable,
// open or closed, or the listener has a connection to accept.
struct TcpEvent {
  enum class Kind : uint8_t { connection, listener };

  Kind kind = Kind::connection;
  TcpId connection;
  ListenerId listener;
};

struct TcpCounters {
  uint64_t segments_in = 0;
  uint64_t segments_out = 0;
  uint64_t bad_checksum = 0;
  uint64_t malformed = 0;
  uint64_t resets_out = 0;  // for segments that belonged to nothing
  uint64_t refused_for_memory = 0;
  uint64_t dropped_for_memory = 0;  // segments whose payload found no room
  uint64_t opened = 0;
  uint64_t closed = 0;
};

class TcpHost {
 public:
  struct Options {
    Config config;  // mss and family are set from the interface
    SecretKey key;  // random, and told nobody
    size_t memory_bytes_max = 64u << 20;
    // What a connection may use for receiving while memory is short.
    uint32_t receive_bytes_floor = 16 * 1024;
    size_t connections_max = 65'536;
    size_t time_wait_max = 65'536;
    uint32_t resets_per_second = 1000;
    // Of each listener and family: half-open peers beyond are answered with cookies.
    uint32_t syn_queue_max = 256;
    SynCookies cookies = SynCookies::when_full;
    // TTL or hop limit of all segments; 0: 64, or what the router advertises.
    uint8_t hop_limit = 0;
  };

  // `interface` outlives this.
  TcpHost(Interface& interface, const Options& options);
  ~TcpHost();

  // --- The application --------------------------------------------------------------------------

  // Begins to connect; the event comes when it is open or has failed.
  // From `local` if it is given, which must be an address of ours, else from what the route asks.
  std::expected<TcpId, ConnectError> connect(Time now, const Endpoint& remote,
                                             std::optional<IpAddress> local = std::nullopt);

  // Accepts connections to `local`; the unspecified address stands for all of its family, and
  // IPv6's for both families.  At most `backlog` of them wait for accept().
  std::expected<ListenerId, ListenError> listen(const Endpoint& local, uint32_t backlog);
  // A connection that waits, now the application's; nullopt if none does.
  std::optional<TcpId> accept(ListenerId listener);
  // Connections that wait unaccepted are reset.
  void close(Time now, ListenerId listener);

  // Flags and statistics; nullptr for an id that names nothing any more.
  const Connection* find(TcpId id) const;
  // How many bytes were taken: 0 with a full buffer, and when memory is short; an event follows.
  size_t write(Time now, TcpId id, std::span<const std::byte> bytes);
  // All or nothing, without copying.
  bool write(Time now, TcpId id, const Buf& buf);
  size_t read(Time now, TcpId id, std::span<std::byte> out);
  void consume(Time now, TcpId id, size_t bytes);
  void shutdown_write(Time now, TcpId id);
  void shutdown_read(Time now, TcpId id);
  // The application lets go of the connection; what it wrote is still delivered.
  void close(Time now, TcpId id);
  void abort(Time now, TcpId id);
  void set_nagle(TcpId id, Feature nagle);
  // With the configured times, or with these.
  void set_keepalive(Time now, TcpId id, Feature keepalive);
  void set_keepalive(Time now, TcpId id, Feature keepalive, Duration idle, Duration interval,
                     uint8_t probes);
  void set_user_timeout(Time now, TcpId id, Duration timeout);
  // The Diffserv field and ECN bits of what is sent from now on, as IPv4's second byte has them.
  void set_traffic_class(TcpId id, uint8_t traffic_class);
  Endpoint local(TcpId id) const;
  Endpoint local(ListenerId id) const;
  Endpoint remote(TcpId id) const;

  // Next thing to look at; nullopt when there is none.  A connection comes up once however much
  // happened to it since.
  std::optional<TcpEvent> next_event();

  // --- The stack --------------------------------------------------------------------------------

  void on_segment(Time now, const Received& received);
  Belief on_icmp_error(Time now, const IcmpError& error);
  // Everything that is due by `now`.
  void on_time(Time now);
  // Sends what the changes since the last call ask for.
  void transmit(Time now);
  // kNever if only a segment or the application can change anything.
  Time deadline() const;

  // Everything that is kept of any connection: open, half open, waiting.  Zero when all is over.
  struct Live {
    size_t connections = 0;
    size_t half_open = 0;
    size_t time_wait = 0;

    size_t total() const { return connections + half_open + time_wait; }
  };
  Live live() const;
  size_t held_bytes() const { return held_bytes_; }
  const TcpCounters& counters() const { return counters_; }
  // One line a connection: ends, state, queues; for people.
  std::string describe() const;

 private:
  struct Slot;
  struct ListenerSlot;
  // The demultiplexer.
  Slot* find_slot(const Tuple& tuple) const;
  uint32_t& bucket_of(const Tuple& tuple);
  void link(Slot& slot);
  void unlink(Slot& slot);

  Slot* slot(TcpId id) const;
  Slot& add(const Tuple& tuple, Connection connection);
  void release(Slot& slot);
  size_t queue_copy(Time now, Slot& slot, std::span<const std::byte> bytes);
  bool has_room_for(const Slot& slot, const Buf& payload) const;
  void touch(Slot& slot);
  void settle(Time now, Slot& slot);
  void charge(Slot& slot);
  void notify(Slot& slot);
  bool short_of_memory() const { return held_bytes_ >= options_.memory_bytes_max; }
  void relieve();

  void send_plans(Time now, Slot& slot);
  void send_header(Time now, const Tuple& tuple, TcpHeader header);
  Interface::Packet packet_for(const Tuple& tuple, uint8_t traffic_class) const;
  void to_listener(Time now, const Tuple& tuple, const SegmentView& segment);
  void open_passively(Time now, ListenerSlot& listener, const Tuple& tuple, const Opening& opening,
                      const Config& config, const SegmentView& segment);
  ListenerSlot* find_listener(const Tuple& tuple);
  Listener& half_open_of(ListenerSlot& listener, Family family);
  Config config_for(Family family) const;
  std::optional<uint16_t> free_port(Time now, Tuple tuple);

  Interface& interface_;
  Options options_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> buckets_;  // of slots by their tuple, chained through Slot::next
  size_t linked_ = 0;
  mutable uint32_t last_found_ = UINT32_MAX;  // segments come in trains
  TimeWaitTable time_wait_;
  std::vector<std::unique_ptr<ListenerSlot>> listeners_;
  TimerHeap timers_;
  std::vector<uint32_t> dirty_;  // slots to transmit for
  std::deque<TcpEvent> events_;
  std::vector<TcpId> starved_;  // writers to be told when there is memory again
  ChunkPool write_chunks_;  // for bulk: the allocator would return and fetch them again and again
  size_t held_bytes_ = 0;
  size_t open_ = 0;
  uint32_t next_generation_ = 1;
  uint32_t port_counter_ = 0;
  RateLimit resets_limit_;
  TcpCounters counters_;
};

}  // namespace ukstore::net
