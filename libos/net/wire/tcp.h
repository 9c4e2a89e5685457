#pragma once
// TCP segments on the wire (RFC 9293, section 3.1): a checked view over bytes, and a plain value.
//
// TcpView looks into bytes that it has checked once; TcpHeader is the value it parses to and
// the value that is emitted. A TcpHeader cannot hold what the wire cannot carry, except more
// options than 40 bytes: emit asserts that.

#include <ukstore/libos/net/wire/seq_number.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>

namespace ukstore::net {

struct TcpFlags {
  bool fin : 1 = false;
  bool syn : 1 = false;
  bool rst : 1 = false;
  bool psh : 1 = false;
  bool ack : 1 = false;
  bool urg : 1 = false;
  bool ece : 1 = false;
  bool cwr : 1 = false;

  bool operator==(const TcpFlags&) const = default;
};

// The bytes [begin, end) that the receiver holds beyond its acknowledgment (RFC 2018).
struct SackBlock {
  SeqNumber begin;
  SeqNumber end;

  bool operator==(const SackBlock&) const = default;
};

// At most four blocks, as many as the option space has room for.
class SackBlocks {
 public:
  static constexpr size_t kMax = 4;

  void push(SackBlock block);  // ignored when full
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const SackBlock& operator[](size_t i) const { return blocks_[i]; }
  const SackBlock* begin() const { return blocks_.data(); }
  const SackBlock* end() const { return blocks_.data() + count_; }

  bool operator==(const SackBlocks& other) const;

 private:
  std::array<SackBlock, kMax> blocks_{};
  uint8_t count_ = 0;
};

struct Timestamps {
  uint32_t value = 0;  // TSval
  uint32_t echo = 0;   // TSecr

  bool operator==(const Timestamps&) const = default;
};

struct TcpOptions {
  std::optional<uint16_t> mss;           // kind 2
  std::optional<uint8_t> window_shift;   // kind 3, as sent: may exceed 14
  bool sack_permitted = false;           // kind 4
  SackBlocks sack;                       // kind 5
  std::optional<Timestamps> timestamps;  // kind 8

  // Bytes on the wire, padded to a multiple of four.
  size_t wire_bytes() const;

  bool operator==(const TcpOptions&) const = default;
};

struct TcpHeader {
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  SeqNumber seq;
  SeqNumber ack;  // meaningful if flags.ack
  TcpFlags flags;
  uint16_t window = 0;  // as on the wire: not scaled
  uint16_t urgent = 0;
  TcpOptions options;

  static constexpr size_t kBytesMin = 20;
  static constexpr size_t kBytesMax = 60;

  // Bytes of the header on the wire, options included.
  size_t wire_bytes() const { return kBytesMin + options.wire_bytes(); }

  // Writes the header to the start of `out`, which holds at least wire_bytes(), with a checksum
  // field of zero; see set_tcp_checksum. Returns wire_bytes().
  size_t emit(std::span<std::byte> out) const;

  bool operator==(const TcpHeader&) const = default;
};

// Stores `checksum` (host order) in the header that starts at `header`.
void set_tcp_checksum(std::span<std::byte> header, uint16_t checksum);

// Where the checksum field lies in the header: what a device that finishes it wants to know.
inline constexpr size_t kTcpChecksumOffset = 16;

// Bytes checked to hold a TCP header whose data offset lies within them. The checksum is the
// caller's to check, as it covers a pseudo-header that IP knows.
class TcpView {
 public:
  // nullopt if `segment` is shorter than its header says, or the data offset is under 5.
  static std::optional<TcpView> check(std::span<const std::byte> segment);

  size_t header_bytes() const;
  std::span<const std::byte> payload() const { return bytes_.subspan(header_bytes()); }
  // Options of unknown kind are skipped; after one whose length cannot be, the rest is ignored,
  // as RFC 9293 (MUST-7) asks for no more than to survive.
  TcpHeader parse() const;

 private:
  explicit TcpView(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// As tcpdump prints it: "Flags [S.], seq 1, ack 2, win 3, options [mss 1460,sackOK], length 0".
std::string to_string(const TcpHeader& header, size_t payload_bytes);
std::string to_string(TcpFlags flags);
std::string to_string(const TcpOptions& options);
std::ostream& operator<<(std::ostream& out, const TcpHeader& header);

}  // namespace ukstore::net
