#pragma once
// A cable between two devices, in virtual time, as bad as the seed and the quality say.

#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/dev/mischief.h>
#include <functional>
#include <queue>

namespace ukstore::net {

enum class LinkEnd : uint8_t { left, right };

class SimLink {
 public:
  // What a device at one end offers.  Without checksum_rx_trusted and with caps of the other end
  // that need it, frames are segmented and summed on the way, as a real cable would make them be.
  struct EndOptions {
    MacAddress mac;
    uint16_t mtu = 1500;
    Caps caps;
    // What this end takes in without help: oversized segments and unfinished checksums.
    bool takes_gso = false;
    bool takes_partial = false;
  };

  SimLink(uint64_t seed, const EndOptions& left, const EndOptions& right);
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;

  Device& device(LinkEnd end) { return ends_[index(end)]; }

  // From the next frame on, for frames that leave `from`.
  void set_quality(LinkEnd from, const LinkQuality& quality) {
    ends_[index(from)].quality = quality;
  }
  void set_quality(const LinkQuality& quality) {
    for (End& end : ends_) end.quality = quality;
  }

  // Sees each frame as it leaves an end, before any mischief; returns false to lose it.
  using Filter = std::function<bool(LinkEnd from, ByteSpan frame)>;
  void set_filter(Filter filter) { filter_ = std::move(filter); }

  // When the next frame that is under way arrives at either end; kNever if none is.
  Time deadline() const;

  struct Statistics {
    uint64_t frames = 0;  // after segmentation
    uint64_t bytes = 0;
    uint64_t lost = 0;
  };
  const Statistics& statistics(LinkEnd from) const { return ends_[index(from)].statistics; }

 private:
  struct InFlight {
    Time arrives;
    uint64_t order;  // frames due at the same time arrive as sent
    std::vector<std::byte> bytes;
    FrameMeta meta;

    bool operator>(const InFlight& other) const {
      return arrives != other.arrives ? arrives > other.arrives : order > other.order;
    }
  };

  class End final : public Device {
   public:
    End(SimLink& link, LinkEnd which, const EndOptions& options)
        : options(options), link_(link), which_(which) {}
    const Caps& caps() const override { return options.caps; }
    MacAddress mac() const override { return options.mac; }
    uint16_t mtu() const override { return options.mtu; }
    std::optional<Frame> receive(Time now) override;
    SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
    void flush(Time) override {}
    Time deadline() const override { return arriving.empty() ? kNever : arriving.top().arrives; }

    EndOptions options;
    LinkQuality quality;
    Statistics statistics;
    Time busy_until{};  // of the cable that leaves this end
    std::priority_queue<InFlight, std::vector<InFlight>, std::greater<>> arriving;

   private:
    SimLink& link_;
    LinkEnd which_;
  };

  static size_t index(LinkEnd end) { return end == LinkEnd::left ? 0 : 1; }
  void carry(Time now, LinkEnd from, std::span<const ByteSpan> pieces, const FrameMeta& meta);

  Random random_;
  uint64_t order_ = 0;
  Filter filter_;
  std::array<End, 2> ends_;
};

}  // namespace ukstore::net
