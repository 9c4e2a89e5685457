#include <ukstore/libos/net/tcp/congestion.h>

#include <algorithm>
#include <cmath>

namespace ukstore::net {
namespace {

constexpr float kBeta = 0.7F;  // RFC 9438, section 4.6
constexpr float kC = 0.4F;     // section 5.1
constexpr uint32_t kCwndMax = 1U << 30;
// A queue is taken for one from this part of the smallest round trip on; less may be jitter.
constexpr int kQueueShare = 8;

float seconds(Duration d) { return std::chrono::duration<float>(d).count(); }

}  // namespace

uint32_t HyStart::on_ack(SeqNumber una, SeqNumber nxt, Duration rtt) {
  if (!started_ || !before(una, round_end_)) {
    started_ = true;
    round_end_ = nxt;
    last_min_ = current_min_;
    current_min_ = Duration::max();
    samples_ = 0;
    if (css_baseline_ > Duration::zero()) ++css_rounds_;
  }
  if (rtt > Duration::zero()) {
    current_min_ = std::min(current_min_, rtt);
    if (samples_ < 255) ++samples_;
  }
  constexpr int kSamplesMin = 8;
  bool known = samples_ >= kSamplesMin && last_min_ != Duration::max();
  if (css_baseline_ == Duration::zero()) {
    if (!known) return 1;
    Duration threshold = std::clamp(last_min_ / 8, Duration(4000), Duration(16000));
    if (current_min_ < last_min_ + threshold) return 1;
    css_baseline_ = current_min_;
    css_rounds_ = 0;
  } else if (known && current_min_ < css_baseline_) {
    css_baseline_ = Duration::zero();  // the growth was jitter
    css_rounds_ = 0;
    return 1;
  }
  return 4;
}

uint32_t NewReno::grown(Time, Duration, uint32_t cwnd, uint32_t acked, uint32_t mss) {
  acked_ += acked;
  if (acked_ < cwnd) return cwnd;
  acked_ -= cwnd;
  return cwnd + mss;
}

uint32_t NewReno::reduced(uint32_t cwnd, uint32_t mss, const PathState&) {
  acked_ = 0;
  return std::max(cwnd / 2, 2 * mss);
}

uint32_t Cubic::grown(Time now, Duration srtt, uint32_t cwnd, uint32_t acked, uint32_t mss) {
  float unit = static_cast<float>(mss);
  float window = static_cast<float>(cwnd) / unit;
  float segments = static_cast<float>(acked) / unit;
  if (epoch_ == kNever) {
    epoch_ = now;
    w_est_ = window;
    fraction_ = 0;
    if (w_max_ < window) w_max_ = window;
    if (cwnd_prior_ < window) cwnd_prior_ = window;
    k_ = std::cbrt((w_max_ - window) / kC);  // section 4.2
  }
  auto curve = [this](float t) { return kC * (t - k_) * (t - k_) * (t - k_) + w_max_; };
  float t = seconds(now - epoch_);
  // Section 4.3: what Reno would have, with the increase that balances our beta.
  float alpha = w_est_ < cwnd_prior_ ? 3 * (1 - kBeta) / (1 + kBeta) : 1.0F;
  w_est_ += alpha * segments / window;
  float next = window;
  if (curve(t) < w_est_) {
    next = std::max(window, w_est_);
  } else {
    float target = std::clamp(curve(t + seconds(srtt)), window, 1.5F * window);
    next = window + (target - window) / window * segments;
  }
  float growth = (next - window) * unit + fraction_;
  auto whole = static_cast<uint32_t>(growth);
  fraction_ = growth - static_cast<float>(whole);
  return cwnd + whole;
}

uint32_t Cubic::reduced(uint32_t cwnd, uint32_t mss, const PathState&) {
  float window = static_cast<float>(cwnd) / static_cast<float>(mss);
  cwnd_prior_ = window;
  // Section 4.7: a flow that lost before it reached its last peak leaves room for others.
  w_max_ = window < w_max_ ? window * (1 + kBeta) / 2 : window;
  epoch_ = kNever;
  return std::max(static_cast<uint32_t>(static_cast<float>(cwnd) * kBeta), 2 * mss);
}

uint32_t Westwood::reduced(uint32_t cwnd, uint32_t mss, const PathState& path) {
  uint32_t by_share = cubic_.reduced(cwnd, mss, path);
  bool queue = path.srtt - path.rtt_min > path.rtt_min / kQueueShare;
  return queue ? by_share : std::max(std::min(path.delivered, cwnd), 2 * mss);
}

void DeliveryRate::on_delivered(Time now, SeqNumber una, SeqNumber nxt, uint32_t bytes) {
  if (round_since_ == Time::min()) {
    round_since_ = now;
    round_end_ = nxt;
    return;
  }
  round_bytes_ += bytes;
  if (before(una, round_end_) || now == round_since_) return;
  auto elapsed = static_cast<float>((now - round_since_).count());
  float rate = static_cast<float>(round_bytes_) / elapsed;
  bytes_per_us_ = std::max(rate, bytes_per_us_ * 15 / 16);
  round_since_ = now;
  round_end_ = nxt;
  round_bytes_ = 0;
}

uint32_t DeliveryRate::bytes_in(Duration time) const {
  float bytes = bytes_per_us_ * static_cast<float>(time.count());
  return static_cast<uint32_t>(std::min(bytes, static_cast<float>(kCwndMax)));
}

Congestion::Congestion(CongestionControl kind, uint32_t mss, uint8_t initial_segments) : mss_(mss) {
  // RFC 6928: ten segments, but no more than 14,600 bytes' worth of large ones.
  initial_window_ = std::min(initial_segments * mss, std::max(2 * mss, 1460U * initial_segments));
  cwnd_ = initial_window_;
  if (kind == CongestionControl::cubic) algorithm_ = Cubic();
  if (kind == CongestionControl::westwood) algorithm_ = Westwood();
}

void Congestion::on_ack(const Ack& ack) {
  uint32_t bytes = ack.bytes;
  if (slow_start()) {
    uint32_t divisor = hystart_.on_ack(ack.una, ack.nxt, ack.rtt);
    uint32_t growth = std::min(bytes / divisor, ssthresh_ - cwnd_);
    cwnd_ = std::min(cwnd_ + growth, kCwndMax);
    if (hystart_.done()) ssthresh_ = cwnd_;
    bytes -= std::min(bytes, growth * divisor);
    if (bytes == 0 || slow_start()) return;
  }
  cwnd_ = std::visit(
      [&](auto& algorithm) { return algorithm.grown(ack.now, ack.srtt, cwnd_, bytes, mss_); },
      algorithm_);
  cwnd_ = std::min(cwnd_, kCwndMax);
}

void Congestion::on_loss(Duration rtt_min, Duration srtt) {
  PathState path{.rtt_min = rtt_min, .srtt = srtt, .delivered = rate_.bytes_in(rtt_min)};
  ssthresh_ =
      std::visit([&](auto& algorithm) { return algorithm.reduced(cwnd_, mss_, path); }, algorithm_);
}

void Congestion::on_timeout(uint32_t mss) {
  cwnd_ = mss;
  std::visit([](auto& algorithm) { algorithm.restart(); }, algorithm_);
}

void Congestion::on_idle() {
  if (cwnd_ <= initial_window_) return;
  ssthresh_ = std::max(ssthresh_, cwnd_ / 4 * 3);
  cwnd_ = initial_window_;
  std::visit([](auto& algorithm) { algorithm.restart(); }, algorithm_);
}

void Congestion::set_mss(uint32_t mss) {
  mss_ = mss;
  initial_window_ = std::min(initial_window_, 10 * mss);
}

}  // namespace ukstore::net
