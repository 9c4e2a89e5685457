#include <ukstore/libos/net/tcp/initial_sequence.h>

namespace ukstore::net {
namespace {

constexpr uint64_t kIssSalt = 1;
constexpr uint64_t kTimestampSalt = 2;

}  // namespace

SeqNumber initial_sequence_number(SecretKey key, const Tuple& tuple, Time now) {
  auto ticks = static_cast<uint32_t>(now.time_since_epoch().count() / 4);
  return {ticks + static_cast<uint32_t>(keyed_hash(key, tuple, kIssSalt))};
}

uint32_t timestamp_offset(SecretKey key, const Tuple& tuple) {
  return static_cast<uint32_t>(keyed_hash(key, tuple, kTimestampSalt));
}

}  // namespace ukstore::net
