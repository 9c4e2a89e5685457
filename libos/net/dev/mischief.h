#pragma once
// What a bad link does to frames, decided by a seed.

#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/random.h>

namespace ukstore::net {

// Probabilities are per frame on the wire, after segmentation.
struct LinkQuality {
  double loss = 0;
  double duplication = 0;
  double corruption = 0;  // one random bit flips
  double reordering = 0;  // the frame is held back for reordering_delay
  Duration delay{0};      // one way
  Duration jitter{0};     // up to so much more, evenly; later frames may overtake
  Duration reordering_delay = std::chrono::milliseconds(2);
  uint64_t bytes_per_s = 0;         // 0: no limit
  uint32_t queue_bytes = 1u << 20;  // frames beyond are dropped, if there is a limit

  bool operator==(const LinkQuality&) const = default;
};

// The fate of one frame.
struct Fate {
  uint8_t copies = 1;  // 0: lost; 2: duplicated
  bool corrupted = false;
  Duration delay{0};
};

Fate decide(const LinkQuality& quality, Random& random);

// Flips one bit somewhere in the frame, which must not be empty.
void corrupt(std::span<std::byte> frame, Random& random);

}  // namespace ukstore::net
