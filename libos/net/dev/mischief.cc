#include <ukstore/libos/net/dev/mischief.h>

namespace ukstore::net {

Fate decide(const LinkQuality& quality, Random& random) {
  Fate fate{.delay = quality.delay};
  if (random.chance(quality.loss)) {
    fate.copies = 0;
  } else if (random.chance(quality.duplication)) {
    fate.copies = 2;
  }
  fate.corrupted = random.chance(quality.corruption);
  if (random.chance(quality.reordering)) fate.delay += quality.reordering_delay;
  if (quality.jitter.count() > 0)
    fate.delay +=
        Duration(static_cast<int64_t>(random.below(static_cast<uint64_t>(quality.jitter.count()))));
  return fate;
}

void corrupt(std::span<std::byte> frame, Random& random) {
  uint64_t bit = random.below(frame.size() * 8);
  frame[bit / 8] ^= std::byte{1} << (bit % 8);
}

}  // namespace ukstore::net
