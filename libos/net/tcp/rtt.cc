#include <ukstore/libos/net/tcp/rtt.h>

#include <algorithm>

namespace ukstore::net {
namespace {

constexpr Duration kMinWindow = std::chrono::seconds(5);
constexpr Duration kTick = Duration(1);  // a sample is never zero: zero means none

}  // namespace

void Rtt::observe(Time now, Duration rtt) {
  rtt = std::max(rtt, kTick);
  latest_ = rtt;
  if (now - min_since_ > kMinWindow) {
    min_before_ = min_;
    min_ = rtt;
    min_since_ = now;
  } else {
    min_ = std::min(min_, rtt);
  }
}

void Rtt::sample(Time now, Duration rtt, Duration rto_min) {
  observe(now, rtt);
  rtt = std::max(rtt, kTick);
  if (!sampled()) {
    srtt_ = rtt;
    rttvar_ = rtt / 2;
  } else {
    Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
    rttvar_ = (3 * rttvar_ + error) / 4;
    srtt_ = std::max((7 * srtt_ + rtt) / 8, kTick);
  }
  base_ = srtt_ + std::max(rto_min, 4 * rttvar_);
  backoff_ = 0;
}

Duration Rtt::rto(Duration rto_max) const {
  return std::min(base_ * (int64_t{1} << backoff_), rto_max);
}

}  // namespace ukstore::net
