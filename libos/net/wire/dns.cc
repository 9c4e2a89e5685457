#include <ukstore/libos/net/wire/dns.h>
#include <algorithm>

namespace ukstore::net {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kClassIn = 1;
constexpr uint16_t kResponse = 0x8000, kTruncated = 0x0200, kRecursionDesired = 0x0100;
constexpr size_t kNameMax = 253;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Name {
  std::string text;
  size_t end = 0;  // where the next field begins
};

// The name at `at`.  A pointer must lead before the point where the name, or the part reached by
// the last pointer, began: each jump goes strictly backwards.
Parsed<Name> read_name(ByteSpan bytes, size_t at) {
  Name name;
  size_t limit = at;
  bool jumped = false;
  for (;;) {
    if (at >= bytes.size()) return std::unexpected(Fault::truncated);
    size_t length = load_u8(bytes, at);
    if ((length & 0xc0) == 0xc0) {
      if (at + 2 > bytes.size()) return std::unexpected(Fault::truncated);
      size_t target = load_be16(bytes, at) & 0x3fff;
      if (target >= limit) return std::unexpected(Fault::field);
      if (!jumped) name.end = at + 2;
      jumped = true;
      at = limit = target;
      continue;
    }
    if (length > 63) return std::unexpected(Fault::field);
    ++at;
    if (length == 0) break;
    if (at + length > bytes.size()) return std::unexpected(Fault::truncated);
    if (!name.text.empty()) name.text += '.';
    for (std::byte b : bytes.subspan(at, length)) {
      char c = lower(static_cast<char>(b));
      if (!is_name_character(c)) return std::unexpected(Fault::field);
      name.text += c;
    }
    if (name.text.size() > kNameMax) return std::unexpected(Fault::field);
    at += length;
  }
  if (!jumped) name.end = at;
  return name;
}

void append_name(Bytes& bytes, std::string_view name) {
  while (!name.empty()) {
    size_t dot = std::min(name.find('.'), name.size());
    append_u8(bytes, static_cast<uint8_t>(dot));
    append(bytes, std::as_bytes(std::span(name.substr(0, dot))));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  append_u8(bytes, 0);
}

// The record at `at`, if it is one that we keep, and where the next one begins.
struct Record {
  std::optional<DnsRecord> kept;
  size_t end = 0;
};

Parsed<Record> read_record(ByteSpan bytes, size_t at) {
  Parsed<Name> name = read_name(bytes, at);
  if (!name) return std::unexpected(name.error());
  at = name->end;
  if (at + 10 > bytes.size()) return std::unexpected(Fault::truncated);
  uint16_t type = load_be16(bytes, at), record_class = load_be16(bytes, at + 2);
  size_t length = load_be16(bytes, at + 8);
  DnsRecord record{.name = std::move(name->text),
                   .type = static_cast<DnsType>(type),
                   .ttl_s = load_be32(bytes, at + 4)};
  at += 10;
  if (at + length > bytes.size()) return std::unexpected(Fault::truncated);
  Record result{.end = at + length};
  if (record_class != kClassIn) return result;
  if (record.type == DnsType::a && length == 4) {
    record.address = Ipv4Address::of(load_be32(bytes, at));
  } else if (record.type == DnsType::aaaa && length == 16) {
    Ipv6Address address;
    load(bytes, at, address.octets);
    record.address = address;
  } else if (record.type == DnsType::cname) {
    Parsed<Name> alias = read_name(bytes, at);
    if (!alias) return std::unexpected(alias.error());
    record.alias = std::move(alias->text);
  } else {
    return result;
  }
  result.kept = std::move(record);
  return result;
}

void append_record(Bytes& bytes, const DnsRecord& record) {
  append_name(bytes, record.name);
  append_be16(bytes, static_cast<uint16_t>(record.type));
  append_be16(bytes, kClassIn);
  append_be32(bytes, record.ttl_s);
  Bytes data;
  switch (record.type) {
    case DnsType::a:
      append(data, record.address.v4().octets);
      break;
    case DnsType::aaaa:
      append(data, record.address.v6().octets);
      break;
    case DnsType::cname:
      append_name(data, record.alias);
      break;
  }
  append_be16(bytes, static_cast<uint16_t>(data.size()));
  append(bytes, data);
}

}  // namespace

std::optional<std::string> normalized_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kNameMax) return std::nullopt;
  std::string result;
  size_t label = 0;
  for (char c : name) {
    c = lower(c);
    if (c == '.' ? label == 0 : !is_name_character(c)) return std::nullopt;
    label = c == '.' ? 0 : label + 1;
    if (label > 63) return std::nullopt;
    result += c;
  }
  if (label == 0) return std::nullopt;
  return result;
}

Parsed<DnsMessage> parse_dns(ByteSpan bytes) {
  if (bytes.size() < kHeaderBytes) return std::unexpected(Fault::truncated);
  uint16_t flags = load_be16(bytes, 2);
  DnsMessage message{.id = load_be16(bytes, 0),
                     .response = (flags & kResponse) != 0,
                     .truncated = (flags & kTruncated) != 0,
                     .code = static_cast<uint8_t>(flags & 15)};
  if (load_be16(bytes, 4) != 1) return std::unexpected(Fault::field);
  Parsed<Name> name = read_name(bytes, kHeaderBytes);
  if (!name) return std::unexpected(name.error());
  size_t at = name->end;
  if (at + 4 > bytes.size()) return std::unexpected(Fault::truncated);
  if (load_be16(bytes, at + 2) != kClassIn) return std::unexpected(Fault::field);
  message.question = {std::move(name->text), static_cast<DnsType>(load_be16(bytes, at))};
  at += 4;
  // A record takes at least 11 bytes, so a wild count only ends in `truncated`.
  for (uint16_t left = load_be16(bytes, 6); left > 0; --left) {
    Parsed<Record> record = read_record(bytes, at);
    if (!record) return std::unexpected(record.error());
    if (record->kept) message.answers.push_back(std::move(*record->kept));
    at = record->end;
  }
  return message;
}

Bytes serialize(const DnsMessage& message) {
  Bytes bytes;
  append_be16(bytes, message.id);
  append_be16(bytes, static_cast<uint16_t>((message.response ? kResponse : 0) |
                                           (message.truncated ? kTruncated : 0) |
                                           kRecursionDesired | message.code));
  append_be16(bytes, 1);
  append_be16(bytes, static_cast<uint16_t>(message.answers.size()));
  append_be32(bytes, 0);
  append_name(bytes, message.question.name);
  append_be16(bytes, static_cast<uint16_t>(message.question.type));
  append_be16(bytes, kClassIn);
  for (const DnsRecord& record : message.answers) append_record(bytes, record);
  return bytes;
}

DnsAnswer resolve_answer(const DnsMessage& message) {
  DnsAnswer answer{.ttl_s = UINT32_MAX};
  std::string name = message.question.name;
  // Each round follows one alias; as many rounds as records break any loop among them.
  for (size_t round = 0; round <= message.answers.size(); ++round) {
    std::string alias;
    for (const DnsRecord& record : message.answers) {
      if (record.name != name) continue;
      if (record.type == DnsType::cname) {
        alias = record.alias;
      } else if (record.type == message.question.type) {
        answer.addresses.push_back(record.address);
      } else {
        continue;
      }
      answer.ttl_s = std::min(answer.ttl_s, record.ttl_s);
    }
    if (!answer.addresses.empty() || alias.empty()) break;
    name = std::move(alias);
  }
  if (answer.addresses.empty()) answer.ttl_s = 0;
  return answer;
}

}  // namespace ukstore::net
