#pragma once
// virtio-net as a frame device: frames in and out, each with the 12-byte header of virtio 1 in
// front. Works with any subset of MRG_RXBUF, CSUM, GUEST_CSUM, GUEST_TSO4/6 and HOST_TSO4/6.  Never
// waits.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include <ukstore/libos/core/machine_calls.h>
#include <ukstore/libos/core/virtio/ring.h>

namespace ukstore::libos {

struct NetCounters {
  uint64_t received, sent, dropped;
};

class VirtioNet {
 public:
  // False if the device cannot be used.
  bool start(Transport& transport);

  NetInfo info();

  // The next frame, into `out`; its length with the header, or 0 if there is none.  A frame that is
  // malformed or longer than `out` is dropped and counted.
  size_t receive(std::span<std::byte> out);

  enum class SendError : uint8_t { full, malformed };
  // Queues a frame that `pieces` make up, the header whole in the first.  The bytes are copied.
  // malformed: too long, nothing but a header, or one that asks for an offload not agreed on.
  std::expected<void, SendError> send(std::span<const NetPiece> pieces);

  // True if receive() would find something to take, or, after `full`, if send() has room again.
  bool ready();

  NetCounters counters() const { return counters_; }
  uint64_t faults() const { return receive_ring_.faults() + send_ring_.faults() + faults_; }

 private:
  static constexpr uint16_t kPagesMax = Ring::kSizeMax;
  static constexpr size_t kSendPagesMax = (kNetFrameMax + 4095) / 4096;

  bool agreed_to(const NetPiece& first) const;
  void give_back(uint16_t page);
  void reap_sent();
  // Takes the rest of a frame, `more` buffers of it; how much was written to `out`, or nullopt.
  std::optional<size_t> take_rest(uint16_t more, std::span<std::byte> out);

  Transport* transport_ = nullptr;
  Ring receive_ring_, send_ring_;
  std::array<std::byte*, kPagesMax> receive_pages_ = {};
  std::array<std::byte*, kPagesMax> send_pages_ = {};
  std::array<uint16_t, kPagesMax> send_next_ =
      {};  // free pages, and the pages of a frame, are lists
  uint16_t send_free_ = kNone, send_free_count_ = 0, send_page_count_ = 0;
  std::optional<Ring::Done> peeked_;
  uint16_t returned_ = 0;
  bool send_full_ = false;
  uint64_t agreed_ = 0;
  std::array<uint8_t, 6> mac_ = {};
  NetCounters counters_ = {};
  uint64_t faults_ = 0;

  static constexpr uint16_t kNone = 0xffff;
};

}  // namespace ukstore::libos
