#pragma once
// DNS questions and answers (RFC 1035; AAAA of RFC 3596) as far as a stub resolver needs them.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::net {

constexpr uint16_t kDnsPort = 53;

enum class DnsType : uint16_t { a = 1, cname = 5, aaaa = 28 };

struct DnsQuestion {
  std::string name;  // as normalized_name() makes it
  DnsType type = DnsType::a;

  bool operator==(const DnsQuestion&) const = default;
};

// One record of class IN with an address or an alias; others are skipped.
struct DnsRecord {
  std::string name;
  DnsType type = DnsType::a;
  uint32_t ttl_s = 0;
  IpAddress address;  // a, aaaa
  std::string alias;  // cname

  bool operator==(const DnsRecord&) const = default;
};

struct DnsMessage {
  uint16_t id = 0;
  bool response = false;
  bool truncated = false;
  uint8_t code = 0;  // 0 no error, 2 server failure, 3 no such name
  DnsQuestion question;
  std::vector<DnsRecord> answers;

  bool operator==(const DnsMessage&) const = default;
};

// Lower case, without a final dot; nullopt if `name` is empty, longer than 253 characters, or has
// a label that is empty, longer than 63, or holds anything but letters, digits, '-' and '_'.
std::optional<std::string> normalized_name(std::string_view name);

// Reads a message with exactly one question; additional records are ignored.  Fails with
// `truncated` or `field`.  Compressed names are followed only backwards, so that they end.
Parsed<DnsMessage> parse_dns(ByteSpan bytes);

// A query asks for recursion.  Names are written without compression; each must be normalized.
Bytes serialize(const DnsMessage& message);

// The addresses that `message` gives for its question, aliases followed, in the order given, and
// the least time to live on the way.
struct DnsAnswer {
  std::vector<IpAddress> addresses;
  uint32_t ttl_s = 0;
};
DnsAnswer resolve_answer(const DnsMessage& message);

}  // namespace ukstore::net
