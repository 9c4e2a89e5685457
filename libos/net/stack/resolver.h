#pragma once
// A stub resolver over UDP (RFC 1035, section 7), with a small cache.  Answers that do not fit in a
// datagram are used as far as they go; there is no fallback to TCP.

#include <ukstore/libos/net/stack/udp_host.h>
#include <ukstore/libos/net/wire/dns.h>
#include <expected>
#include <string>
#include <unordered_map>
#include <vector>

namespace ukstore::net {

enum class ResolveError : uint8_t {
  bad_name,
  no_server,     // none is configured
  no_such_name,  // the server says so
  failed,        // the server could not say
  timed_out,
};

struct QueryId {
  uint32_t value = 0;

  bool operator==(const QueryId&) const = default;
};

class Resolver {
 public:
  struct Options {
    Duration timeout = std::chrono::seconds(1);  // doubles with each try
    uint8_t tries = 3;                           // of each server
    size_t cache_entries_max = 256;
    uint32_t ttl_s_max = 86'400;
    uint64_t seed = 1;
  };

  // `udp` outlives this.
  Resolver(UdpHost& udp, const Options& options)
      : udp_(udp), options_(options), random_(options.seed) {}

  void set_servers(std::vector<IpAddress> servers) { servers_ = std::move(servers); }
  const std::vector<IpAddress>& servers() const { return servers_; }

  // Asks for the addresses of both families; next_result() has them, at once if they are known.
  QueryId resolve(Time now, std::string_view name);

  struct Result {
    QueryId id;
    // Not empty; IPv6 addresses first, as the servers ordered them.
    std::expected<std::vector<IpAddress>, ResolveError> addresses;
  };
  std::optional<Result> next_result();

  // Reads answers and sends what is due.
  void on_time(Time now);
  Time deadline() const;
  size_t pending() const { return queries_.size(); }

 private:
  // One question on its way: of a family.
  struct Question {
    DnsType type;
    uint16_t id = 0;
    bool answered = false;
    DnsAnswer answer;
    uint8_t code = 0;
  };
  struct Query {
    QueryId id;
    std::string name;
    UdpId socket;
    std::array<Question, 2> questions;
    uint8_t sent = 0;  // tries so far, over all servers
    Time due{};
  };
  struct Cached {
    std::vector<IpAddress> addresses;
    Time expires;
  };

  void send(Time now, Query& query);
  void read_answers(Query& query);
  bool finish_if_done(Time now, Query& query);
  void finish(const Query& query, std::expected<std::vector<IpAddress>, ResolveError> result);

  UdpHost& udp_;
  Options options_;
  Random random_;
  std::vector<IpAddress> servers_;
  std::vector<Query> queries_;
  std::deque<Result> results_;
  std::unordered_map<std::string, Cached> cache_;
  uint32_t next_id_ = 1;
};

}  // namespace ukstore::net
