#pragma once
// A wrapper that loses, duplicates, corrupts and holds back frames of any device.

#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/dev/mischief.h>
#include <deque>

namespace ukstore::net {

// Of LinkQuality it takes loss, duplication, corruption and reordering (by one to three frames);
// the delays stay the inner device's.  Oversized segments count as one frame.
class FaultInjector final : public Device {
 public:
  // `inner` outlives this.
  FaultInjector(Device& inner, uint64_t seed, const LinkQuality& incoming,
                const LinkQuality& outgoing);

  const Caps& caps() const override { return inner_.caps(); }
  MacAddress mac() const override { return inner_.mac(); }
  uint16_t mtu() const override { return inner_.mtu(); }
  std::optional<Frame> receive(Time now) override;
  SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
  void flush(Time now) override { inner_.flush(now); }
  Time deadline() const override { return inner_.deadline(); }

 private:
  struct Held {
    Frame frame;
    uint8_t frames_to_wait;
  };

  Device& inner_;
  Random random_;
  LinkQuality incoming_, outgoing_;
  std::deque<Held> held_;  // received frames that later ones overtake
  std::optional<Frame> again_;
};

}  // namespace ukstore::net
