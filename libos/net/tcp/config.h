#pragma once
// What a connection is told at birth.  Each connection keeps a copy.

#include <ukstore/libos/net/dev/caps.h>
#include <ukstore/libos/net/time.h>
#include <cstdint>

namespace ukstore::net {

enum class Feature : uint8_t { off, on };
// cubic is RFC 9438 and new_reno RFC 6582. westwood grows as CUBIC does, and falls as CUBIC does
// after a loss on a path with a queue; after one on a path without, it goes on with what the path
// was seen to deliver: links lose segments without being full, too.
enum class CongestionControl : uint8_t { cubic, new_reno, westwood };

// Up to 24 days, in half the room of a Duration.
using Milliseconds = std::chrono::duration<int32_t, std::milli>;

struct Config {
  Family family = Family::ipv4;
  // The largest payload of a segment that the link takes, without options: its MTU less 40 for
  // IPv4 or 60 for IPv6. It is the MSS we announce.
  uint16_t mss = 1460;

  Feature window_scaling = Feature::on;
  Feature sack = Feature::on;
  Feature timestamps = Feature::on;
  Feature nagle = Feature::on;  // off is TCP_NODELAY
  Feature keepalive = Feature::off;
  CongestionControl congestion_control = CongestionControl::westwood;
  uint8_t initial_window_segments = 10;  // RFC 6928

  // Bytes the application may have written beyond what is acknowledged.
  uint32_t send_buffer_bytes = 256 * 1024;
  // The receive window starts at the first and grows, while the application keeps up with what
  // arrives, to the second (auto-tuning). Equal: fixed.
  uint32_t receive_buffer_bytes = 64 * 1024;
  uint32_t receive_buffer_bytes_max = 4 * 1024 * 1024;

  Milliseconds delayed_ack = std::chrono::milliseconds(40);
  Milliseconds rto_min = std::chrono::milliseconds(200);
  Milliseconds rto_max = std::chrono::seconds(120);
  // How long something may stay unacknowledged before the connection fails (RFC 5482); during
  // the handshake too, which RFC 9293 (MUST-23) wants to be at least 3 minutes.
  Milliseconds user_timeout = std::chrono::minutes(15);
  Milliseconds connect_timeout = std::chrono::minutes(3);
  Milliseconds keepalive_idle = std::chrono::hours(2);
  Milliseconds keepalive_interval = std::chrono::seconds(75);
  uint8_t keepalive_probes = 9;
  // How long a connection that nobody reads any more waits in FIN-WAIT-2 for the peer's FIN.
  Milliseconds fin_wait_2_timeout = std::chrono::seconds(60);
  Milliseconds time_wait = std::chrono::seconds(60);  // 2 MSL
};

}  // namespace ukstore::net
