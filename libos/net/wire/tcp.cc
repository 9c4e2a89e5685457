#include <ukstore/libos/net/wire/tcp.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace ukstore::net {
namespace {

enum Kind : uint8_t {
  kEnd = 0,
  kNop = 1,
  kMss = 2,
  kWindow = 3,
  kSackOk = 4,
  kSack = 5,
  kTime = 8
};

uint16_t load16(const std::byte* at) {
  return static_cast<uint16_t>(std::to_integer<uint16_t>(at[0]) << 8 |
                               std::to_integer<uint16_t>(at[1]));
}

uint32_t load32(const std::byte* at) {
  return static_cast<uint32_t>(load16(at)) << 16 | load16(at + 2);
}

std::byte* store8(std::byte* at, unsigned value) { return *at = std::byte(value), at + 1; }
std::byte* store16(std::byte* at, uint16_t value) {
  return store8(store8(at, value >> 8), value & 0xff);
}
std::byte* store32(std::byte* at, uint32_t value) {
  return store16(store16(at, static_cast<uint16_t>(value >> 16)), static_cast<uint16_t>(value));
}

uint8_t bits_of(TcpFlags flags) {
  return static_cast<uint8_t>(flags.fin | flags.syn << 1 | flags.rst << 2 | flags.psh << 3 |
                              flags.ack << 4 | flags.urg << 5 | flags.ece << 6 | flags.cwr << 7);
}

TcpFlags flags_of(uint8_t bits) {
  auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
  return {.fin = bit(0),
          .syn = bit(1),
          .rst = bit(2),
          .psh = bit(3),
          .ack = bit(4),
          .urg = bit(5),
          .ece = bit(6),
          .cwr = bit(7)};
}

// One option whose kind and length (at least 2) are in `option` whole.
void parse_option(std::span<const std::byte> option, TcpOptions& into) {
  const std::byte* body = option.data() + 2;
  size_t size = option.size() - 2;
  switch (std::to_integer<uint8_t>(option[0])) {
    case kMss:
      if (size == 2) into.mss = load16(body);
      break;
    case kWindow:
      if (size == 1) into.window_shift = std::to_integer<uint8_t>(*body);
      break;
    case kSackOk:
      if (size == 0) into.sack_permitted = true;
      break;
    case kSack:
      for (; size >= 8; size -= 8, body += 8) into.sack.push({{load32(body)}, {load32(body + 4)}});
      break;
    case kTime:
      if (size == 8) into.timestamps = Timestamps{load32(body), load32(body + 4)};
      break;
    default:
      break;
  }
}

TcpOptions parse_options(std::span<const std::byte> bytes) {
  TcpOptions options;
  while (!bytes.empty()) {
    auto kind = std::to_integer<uint8_t>(bytes[0]);
    if (kind == kEnd) break;
    if (kind == kNop) {
      bytes = bytes.subspan(1);
      continue;
    }
    if (bytes.size() < 2) break;
    auto length = std::to_integer<size_t>(bytes[1]);
    if (length < 2 || length > bytes.size()) break;
    parse_option(bytes.first(length), options);
    bytes = bytes.subspan(length);
  }
  return options;
}

// In the order that Linux uses on a SYN, so that fields fall on 4-byte boundaries.
std::byte* emit_options(const TcpOptions& options, std::byte* at) {
  if (options.mss) at = store16(store8(store8(at, kMss), 4), *options.mss);
  if (options.sack_permitted) {
    if (!options.timestamps) at = store8(store8(at, kNop), kNop);
    at = store8(store8(at, kSackOk), 2);
  }
  if (options.timestamps) {
    if (!options.sack_permitted) at = store8(store8(at, kNop), kNop);
    at = store8(store8(at, kTime), 10);
    at = store32(store32(at, options.timestamps->value), options.timestamps->echo);
  }
  if (options.window_shift) {
    at = store8(store8(store8(store8(at, kNop), kWindow), 3), *options.window_shift);
  }
  if (!options.sack.empty()) {
    at = store8(store8(at, kNop), kNop);
    at = store8(store8(at, kSack), static_cast<unsigned>(2 + 8 * options.sack.size()));
    for (SackBlock block : options.sack) {
      at = store32(store32(at, block.begin.value), block.end.value);
    }
  }
  return at;
}

}  // namespace

void SackBlocks::push(SackBlock block) {
  if (count_ < kMax) blocks_[count_++] = block;
}

bool SackBlocks::operator==(const SackBlocks& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

size_t TcpOptions::wire_bytes() const {
  size_t bytes = 0;
  if (mss) bytes += 4;
  if (sack_permitted && timestamps) {
    bytes += 12;
  } else {
    if (sack_permitted) bytes += 4;
    if (timestamps) bytes += 12;
  }
  if (window_shift) bytes += 4;
  if (!sack.empty()) bytes += 4 + 8 * sack.size();
  return bytes;
}

size_t TcpHeader::emit(std::span<std::byte> out) const {
  size_t size = wire_bytes();
  assert(size <= kBytesMax && out.size() >= size);
  std::byte* at = store16(store16(out.data(), source_port), destination_port);
  at = store32(store32(at, seq.value), ack.value);
  at = store8(store8(at, static_cast<unsigned>(size / 4) << 4), bits_of(flags));
  at = store16(store16(store16(at, window), 0), urgent);
  at = emit_options(options, at);
  assert(at == out.data() + size);
  return size;
}

void set_tcp_checksum(std::span<std::byte> header, uint16_t checksum) {
  store16(header.subspan(kTcpChecksumOffset, 2).data(), checksum);
}

std::optional<TcpView> TcpView::check(std::span<const std::byte> segment) {
  if (segment.size() < TcpHeader::kBytesMin) return std::nullopt;
  TcpView view(segment);
  if (view.header_bytes() < TcpHeader::kBytesMin) return std::nullopt;
  if (view.header_bytes() > segment.size()) return std::nullopt;
  return view;
}

size_t TcpView::header_bytes() const { return (std::to_integer<size_t>(bytes_[12]) >> 4) * 4; }

TcpHeader TcpView::parse() const {
  const std::byte* at = bytes_.data();
  return {.source_port = load16(at),
          .destination_port = load16(at + 2),
          .seq = {load32(at + 4)},
          .ack = {load32(at + 8)},
          .flags = flags_of(std::to_integer<uint8_t>(at[13])),
          .window = load16(at + 14),
          .urgent = load16(at + 18),
          .options = parse_options(bytes_.first(header_bytes()).subspan(TcpHeader::kBytesMin))};
}

std::string to_string(TcpFlags flags) {
  std::string text;
  if (flags.fin) text += 'F';
  if (flags.syn) text += 'S';
  if (flags.rst) text += 'R';
  if (flags.psh) text += 'P';
  if (flags.ack) text += '.';
  if (flags.urg) text += 'U';
  if (flags.ece) text += 'E';
  if (flags.cwr) text += 'W';
  return text.empty() ? "none" : text;
}

std::string to_string(const TcpOptions& options) {
  std::string text;
  auto add = [&text](std::string option) { text += (text.empty() ? "" : ",") + std::move(option); };
  if (options.mss) add("mss " + std::to_string(*options.mss));
  if (options.sack_permitted) add("sackOK");
  if (options.timestamps) {
    add("TS val " + std::to_string(options.timestamps->value) + " ecr " +
        std::to_string(options.timestamps->echo));
  }
  if (options.window_shift) add("wscale " + std::to_string(*options.window_shift));
  if (!options.sack.empty()) {
    std::string blocks = "sack " + std::to_string(options.sack.size()) + " ";
    for (SackBlock block : options.sack) {
      blocks +=
          "{" + std::to_string(block.begin.value) + ":" + std::to_string(block.end.value) + "}";
    }
    add(std::move(blocks));
  }
  return text;
}

std::string to_string(const TcpHeader& header, size_t payload_bytes) {
  std::string text =
      "Flags [" + to_string(header.flags) + "], seq " + std::to_string(header.seq.value);
  if (payload_bytes > 0) {
    text += ":" + std::to_string((header.seq + static_cast<uint32_t>(payload_bytes)).value);
  }
  if (header.flags.ack) text += ", ack " + std::to_string(header.ack.value);
  text += ", win " + std::to_string(header.window);
  if (header.flags.urg) text += ", urg " + std::to_string(header.urgent);
  std::string options = to_string(header.options);
  if (!options.empty()) text += ", options [" + options + "]";
  return text + ", length " + std::to_string(payload_bytes);
}

std::ostream& operator<<(std::ostream& out, const TcpHeader& header) {
  return out << header.source_port << " > " << header.destination_port << ": "
             << to_string(header, 0);
}

}  // namespace ukstore::net
