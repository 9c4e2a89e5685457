#include <ukstore/merge/laws/script.h>

#include <random>

namespace ukstore::laws {

uint64_t mixed(uint64_t seed, uint64_t salt) {
  uint64_t x = seed + 0x9e3779b97f4a7c15 * (salt + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Script random_script(uint64_t seed, size_t steps) {
  using Kind = Step::Kind;
  // Operations and pulls most, everything else often enough to meet all of it.
  static constexpr Kind kMix[] = {
      Kind::op,       Kind::op,       Kind::op,   Kind::op,       Kind::op,
      Kind::op,       Kind::op,       Kind::pull, Kind::pull,     Kind::pull,
      Kind::pull,     Kind::exchange, Kind::ring, Kind::exchange, Kind::message,
      Kind::transact, Kind::octopus,  Kind::fork, Kind::forget,   Kind::reload,
  };
  std::mt19937_64 random(mixed(seed, 0));
  Script script;
  script.replicas = 2 + random() % 4;
  script.common_root = random() % 4 != 0;
  size_t count = 3 + random() % steps;
  for (size_t i = 0; i < count; ++i) {
    script.steps.push_back({kMix[random() % std::size(kMix)], static_cast<uint32_t>(random()),
                            static_cast<uint32_t>(random()), random()});
  }
  return script;
}

}  // namespace ukstore::laws
