#pragma once
// Connections over a simulated link, in virtual time, from one seed.

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/listener.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace ukstore::net::sim {

struct Link {
  Duration delay = std::chrono::milliseconds(50);  // one way
  Duration jitter{};                               // up to so much more, so that order changes
  double loss = 0;                                 // of each frame
  double duplication = 0;
  uint64_t bytes_per_second = 0;  // 0: no bottleneck
  uint32_t queue_bytes = 0;       // what may wait before the bottleneck; more is dropped
};

struct Options {
  Config client;
  Config server;
  Link up;    // client to server
  Link down;  // server to client
  Caps caps;  // of both ends
  uint64_t seed = 1;
  Time start{std::chrono::seconds(1000)};
  SeqNumber client_iss{0x1000};
  uint32_t client_ts_offset = 0;
  size_t flows = 1;
  // By which the clients' control alternates from flow to flow; empty: as `client` says.
  std::vector<CongestionControl> controls;
};

enum Side : int { kClient = 0, kServer = 1 };

// One end of a flow, and the application above it.
struct End {
  std::optional<Connection> connection;
  std::optional<TimeWait> time_wait;
  uint64_t to_write = 0;  // length of the stream this end sends, then it shuts down
  uint64_t written = 0;
  uint64_t read = 0;
  bool finished_reading = false;  // it saw the end of the stream
  size_t read_chunk = 1 << 20;    // bytes it reads at a time
  Duration read_pause{};          // and how long it waits in between
  Time read_again = Time::min();
  bool closed = false;
  Failure failure = Failure::none;
  // Frames with payload that are lost, counted from 0 in the order sent.
  std::function<bool(uint64_t count)> drops;
  uint64_t data_frames = 0;
};

struct Flow {
  End ends[2];
  Tuple tuple;  // as the server sees it
};

class Sim {
 public:
  explicit Sim(const Options& options);

  // Starts every flow's open.
  void open();
  // Runs until `until`, until nothing is left to happen, or until `done`. Returns what broke, or
  // "".
  std::string run(Time until, const std::function<bool()>& done = [] { return false; });

  Time now() const { return now_; }
  Flow& flow(size_t i = 0) { return flows_[i]; }
  End& client(size_t i = 0) { return flows_[i].ends[kClient]; }
  End& server(size_t i = 0) { return flows_[i].ends[kServer]; }
  // Whether no end keeps anything: no connection, no TIME-WAIT record, nothing half-open.
  bool nothing_left() const;
  uint64_t frames() const { return order_; }

  // Called for every frame that goes onto the wire.
  std::function<void(Side from, Time, const TcpHeader&, size_t payload)> tap;

 private:
  struct Frame {
    Time at;
    uint64_t order;
    size_t flow;
    Side to;
    TcpHeader header;
    std::string payload;
    bool operator>(const Frame& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void deliver(const Frame& frame);
  void service(size_t flow, Side side);
  void application(size_t flow, Side side);
  void drain(size_t flow, Side side);
  void transmit(size_t flow, Side from, const TcpHeader& header, std::string payload);
  void check(End& end, const char* where);
  void timers();
  Time next_time() const;

  Options options_;
  std::mt19937_64 random_;
  Time now_;
  std::vector<Flow> flows_;
  Listener listener_;
  std::priority_queue<Frame, std::vector<Frame>, std::greater<>> frames_;
  uint64_t order_ = 0;
  Time busy_until_[2];
  std::string problem_;
};

}  // namespace ukstore::net::sim
