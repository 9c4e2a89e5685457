#pragma once
// What a node is told.  One schema for every form of it, read from the command line: `--name VALUE`
// or `--name=VALUE`.

#include <ukstore/libos/net/stack/stack.h>
#include <ukstore/sync/listener.h>

#include <span>
#include <string>
#include <vector>

namespace ukstore::node {

// Nothing is secret today, and nothing may become so on a command line, which others can read: a
// secret would be a private record of the store, as the key is.
enum class Secrecy { open, secret };
// How often a setting may be given; the last one counts, or all of them.
enum class Times { once, often };

struct Setting {
  std::string_view name;      // "listen": --listen
  std::string_view type;      // "HOST:PORT"
  std::string_view standard;  // what holds if it is not given; empty: nothing
  std::string_view meaning;
  Times times = Times::once;
  Secrecy secrecy = Secrecy::open;
};
std::span<const Setting> settings();

struct Config {
  std::string store;
  std::string listen;
  std::string metrics;  // empty: none
  std::vector<PeerAddress> peers;
  std::vector<Bytes> trusted;  // fingerprints
  Right strangers = Right::none;
  enum class NewKeys { refuse, trust } new_keys = NewKeys::refuse;
  std::vector<Bytes> branches;
  uint64_t connections_max = 0;
  uint64_t stop_after_s = 0;  // 0: never

  // For our own stack; with an empty `tap` a process uses the kernel's.
  std::string tap;
  std::vector<net::Cidr> addresses;
  std::vector<net::IpAddress> gateways, dns_servers;
  net::Dhcp dhcp = net::Dhcp::off;
};

// `invalid` names the word that is wrong: an unknown setting with the nearest name, a value with
// what it should be.
Result<Config> parse_config(std::span<const std::string> words);

// The schema as a table of docs/node.md.
std::string describe_settings();

}  // namespace ukstore::node
