#include <ukstore/libos/net/tcp/syn_cookie.h>

#include <algorithm>
#include <iterator>

namespace ukstore::net {
namespace {

constexpr uint16_t kSizes[] = {88, 536, 1220, 1360, 1440, 1460, 4312, 8960};
constexpr uint64_t kBaseSalt = 3;
constexpr uint64_t kMinuteSalt = 0x100;
constexpr uint32_t kLow24 = 0xffffff;
constexpr uint32_t kNoShift = 15;

uint32_t minute_of(Time now) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count());
}

uint32_t base_of(SecretKey key, const Tuple& tuple, SeqNumber irs) {
  return static_cast<uint32_t>(keyed_hash(key, tuple, kBaseSalt)) + irs.value;
}

uint32_t mask_of(SecretKey key, const Tuple& tuple, SeqNumber irs, uint32_t minute) {
  uint64_t salt = kMinuteSalt + minute + (uint64_t{irs.value} << 32);
  return static_cast<uint32_t>(keyed_hash(key, tuple, salt)) & kLow24;
}

}  // namespace

SeqNumber make_syn_cookie(SecretKey key, const Tuple& tuple, Time now, SeqNumber irs,
                          uint16_t peer_mss) {
  auto above = std::upper_bound(std::begin(kSizes), std::end(kSizes), peer_mss);
  auto index = static_cast<uint32_t>(std::max<ptrdiff_t>(above - std::begin(kSizes), 1) - 1);
  uint32_t minute = minute_of(now);
  uint32_t low = (mask_of(key, tuple, irs, minute) + index) & kLow24;
  return {base_of(key, tuple, irs) + (minute << 24) + low};
}

std::optional<uint16_t> check_syn_cookie(SecretKey key, const Tuple& tuple, Time now, SeqNumber irs,
                                         SeqNumber iss) {
  uint32_t rest = iss.value - base_of(key, tuple, irs);
  uint32_t minute = minute_of(now);
  uint32_t age = (minute - (rest >> 24)) & 0xff;
  if (age > 1) return std::nullopt;
  uint32_t index = (rest - mask_of(key, tuple, irs, minute - age)) & kLow24;
  if (index >= std::size(kSizes)) return std::nullopt;
  return kSizes[index];
}

uint32_t timestamp_with(uint32_t timestamp, CookieOptions options) {
  uint32_t shift = options.window_shift ? std::min<uint32_t>(*options.window_shift, 14) : kNoShift;
  return (timestamp & ~0x3FU) | shift << 1 | (options.sack ? 1 : 0);
}

CookieOptions options_in(uint32_t echoed_timestamp) {
  uint32_t shift = echoed_timestamp >> 1 & 0xf;
  CookieOptions options{.window_shift = {}, .sack = (echoed_timestamp & 1) != 0};
  if (shift != kNoShift) options.window_shift = static_cast<uint8_t>(shift);
  return options;
}

}  // namespace ukstore::net
