#pragma once
// What the replicas of a random history do, as a list of steps that can be run, shortened and run
// again.  Numbers in a step are taken modulo what exists, so any part of a script is a script.

#include <cstdint>
#include <string>
#include <vector>

namespace ukstore::laws {

struct Step {
  enum class Kind : uint8_t {
    op,        // replica a commits one operation
    transact,  // replica a commits two operations at once
    pull,      // replica a merges the head of b
    exchange,  // a and b merge each other's heads at the same time
    ring,      // every replica merges its neighbour's head at the same time
    message,   // replica a merges the head of b as an ordinary commit
    octopus,   // replica a merges the heads of all at once
    fork,      // a new replica starts at the head of a
    forget,    // replica a is deleted
    reload,    // replica a crashes and comes back with its stored state and a new replica id
  };
  Kind kind = Kind::op;
  uint32_t a = 0;
  uint32_t b = 0;
  uint64_t seed = 0;  // chooses the operations
};

struct Script {
  uint32_t replicas = 2;
  bool common_root = true;  // else the first commits have no common ancestor
  std::vector<Step> steps;
};

// A script of 2 to 6 replicas and up to `steps` steps.
Script random_script(uint64_t seed, size_t steps);

// A number from a seed and a salt, the same on every machine.
uint64_t mixed(uint64_t seed, uint64_t salt);

}  // namespace ukstore::laws
