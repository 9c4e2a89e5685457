#pragma once
// Fragments put together again (RFC 791; RFC 8200, section 4.5) under a budget.
//
//   1. Fragments that overlap drop the whole datagram (RFC 5722; for IPv4 as Linux does it); an
//      exact duplicate is ignored.
//   2. At most Options::bytes_max bytes and datagrams_max datagrams wait; the oldest gives way.
//   3. What is not whole within the lifetime is dropped.

#include <ukstore/libos/net/buf/buf.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/ipv4.h>
#include <list>
#include <optional>
#include <vector>

namespace ukstore::net {

struct FragmentKey {
  IpAddress source;
  IpAddress destination;
  uint32_t id = 0;
  Protocol protocol = Protocol::none;  // of IPv4; of IPv6 the id alone counts

  bool operator==(const FragmentKey&) const = default;
};

struct FragmentPiece {
  size_t offset_bytes = 0;
  ByteSpan data;
  bool more = false;
  // With offset 0: the IP header and the first bytes after it, for an ICMP error.
  ByteSpan quote;
  Protocol next_header = Protocol::none;  // with offset 0, IPv6
};

class Fragments {
 public:
  struct Options {
    size_t bytes_max = 512 * 1024;
    size_t datagrams_max = 64;
    size_t fragments_max = 64;  // of one datagram
    Duration lifetime_ipv4 = std::chrono::seconds(30);
    Duration lifetime_ipv6 = std::chrono::seconds(60);
  };

  explicit Fragments(const Options& options) : options_(options) {}

  struct Whole {
    Buf payload;
    Protocol next_header = Protocol::none;
  };
  // Takes in one fragment; the datagram if it was the last one missing.
  std::optional<Whole> add(Time now, const FragmentKey& key, const FragmentPiece& piece);

  // A datagram whose time ran out though its first fragment had come: "time exceeded" is due to
  // its source, quoting `quote`.  Call until nullopt once deadline() has come.
  struct Expired {
    FragmentKey key;
    Bytes quote;
  };
  std::optional<Expired> next_expired(Time now);

  Time deadline() const;
  size_t bytes() const { return bytes_; }
  size_t datagrams() const { return datagrams_.size(); }

 private:
  struct Piece {
    size_t offset;
    Bytes data;
  };
  struct Datagram {
    FragmentKey key;
    Time expires;
    std::vector<Piece> pieces;    // by offset, disjoint
    std::optional<size_t> total;  // known once the last fragment has come
    size_t bytes = 0;
    Bytes quote;
    Protocol next_header = Protocol::none;
    bool poisoned = false;  // an overlap was seen: the rest is swallowed until the time runs out
  };
  using Iterator = std::list<Datagram>::iterator;

  Iterator find_or_make(Time now, const FragmentKey& key);
  void drop(Iterator datagram);
  void poison(Datagram& datagram);
  Whole assemble(Iterator datagram);

  Options options_;
  std::list<Datagram> datagrams_;  // oldest first
  size_t bytes_ = 0;
};

}  // namespace ukstore::net
