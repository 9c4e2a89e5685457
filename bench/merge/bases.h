#pragma once
// A seeded history, the same for ours and the peer: 30,000 commits on a few lines that fork, merge
// and cross each other.

#include <cstdint>
#include <random>
#include <vector>

namespace ukstore::bench {

constexpr size_t kCommits = 30'000;
constexpr size_t kPairs = 1'000;

// The parents of each commit, which are earlier ones.
inline std::vector<std::vector<uint32_t>> seeded_history() {
  std::mt19937_64 random(30'000);
  std::vector<std::vector<uint32_t>> parents(1);
  std::vector<uint32_t> heads{0};
  for (uint32_t i = 1; i < kCommits; ++i) {
    size_t line = random() % heads.size();
    std::vector<uint32_t> own{heads[line]};
    uint32_t other = heads[random() % heads.size()];
    if (random() % 4 == 0 && other != own[0]) own.push_back(other);
    parents.push_back(std::move(own));
    if (heads.size() < 20 && random() % 8 == 0) {
      heads.push_back(i);
    } else {
      heads[line] = i;
    }
  }
  return parents;
}

inline std::vector<std::pair<uint32_t, uint32_t>> seeded_pairs() {
  std::mt19937_64 random(1'000);
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (size_t i = 0; i < kPairs; ++i) {
    uint32_t a = static_cast<uint32_t>(random() % kCommits);
    pairs.emplace_back(a, static_cast<uint32_t>(random() % kCommits));
  }
  return pairs;
}

}  // namespace ukstore::bench
