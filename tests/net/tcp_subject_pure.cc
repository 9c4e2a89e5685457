#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/initial_sequence.h>
#include <ukstore/libos/net/tcp/listener.h>
#include <ukstore/libos/net/tcp/reset.h>
#include <ukstore/libos/net/tcp/time_wait.h>
#include <algorithm>
#include <deque>
#include <optional>

#include "tcp_subject.h"

namespace ukstore::net::script {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The least stack there can be: one tuple, one listener at most.
class PureSubject final : public Subject {
 public:
  PureSubject() {
    config_.receive_buffer_bytes = 65535;
    config_.receive_buffer_bytes_max = 65535 << 7;
  }

  void configure(const std::string& key, const std::string& value) override {
    auto feature = value == "off" ? Feature::off : Feature::on;
    if (key == "mss") config_.mss = static_cast<uint16_t>(std::stoul(value));
    if (key == "rcvbuf") {
      config_.receive_buffer_bytes = static_cast<uint32_t>(std::stoul(value));
      config_.receive_buffer_bytes_max = config_.receive_buffer_bytes;
    }
    if (key == "sack") config_.sack = feature;
    if (key == "timestamps") config_.timestamps = feature;
    if (key == "scaling") config_.window_scaling = feature;
    if (key == "cookies")
      options_.cookies = feature == Feature::on ? SynCookies::when_full : SynCookies::never;
    if (key == "synqueue") options_.syn_queue_max = static_cast<uint32_t>(std::stoul(value));
    if (key == "congestion") {
      config_.congestion_control =
          value == "reno" ? CongestionControl::new_reno : CongestionControl::cubic;
    }
    if (key == "tso") caps_.tso4 = feature == Feature::on;
  }

  Time now() override { return now_; }

  void advance(Time until) override {
    drain();
    while (step_towards(until)) {
    }
  }

  std::optional<Seen> next_out(Time until) override {
    drain();
    while (out_.empty() && step_towards(until)) {
    }
    if (out_.empty()) return std::nullopt;
    Seen seen = std::move(out_.front());
    out_.pop_front();
    return seen;
  }

  void inject(const TcpHeader& header, std::string payload, Batch batch) override {
    SegmentView segment{.header = header, .payload = Buf::copy_of(bytes_of(payload))};
    deliver(segment);
    batching_ = batch == Batch::more;
    drain();
  }
  void end_batch() override {
    batching_ = false;
    drain();
  }

  std::string call(const Event& event) override;
  std::string read(size_t count) override {
    std::string bytes(count, '\0');
    if (!connection_) return "";
    bytes.resize(connection_->on_read(now_, std::as_writable_bytes(std::span(bytes))));
    drain();
    return bytes;
  }
  bool write(std::string bytes) override {
    bool all = connection_ && connection_->on_write(now_, bytes_of(bytes)) == bytes.size();
    drain();
    return all;
  }
  std::string state() override {
    if (time_wait_) return "TIME-WAIT";
    if (connection_) return std::string(to_string(connection_->state()));
    if (listener_ && listener_->half_open() > 0) return "SYN-RECEIVED";
    return listener_ ? "LISTEN" : "CLOSED";
  }
  bool end_of_stream() override { return connection_ && connection_->end_of_stream(); }
  std::string failure() override {
    return std::string(to_string(connection_ ? connection_->failure() : Failure::none));
  }
  Duration late() const override { return Duration(1000); }
  Duration early() const override { return Duration(1000); }
  uint16_t local_port() const override { return 8080; }
  uint16_t remote_port() const override { return 40000; }

 private:
  void emit(TcpHeader header, std::string payload) {
    header.source_port = local_port();
    header.destination_port = remote_port();
    out_.push_back({now_, header, std::move(payload)});
  }

  void deliver(const SegmentView& segment) {
    if (time_wait_) {
      TimeWait::Answer answer = time_wait_->on_segment(now_, segment);
      if (answer.reply) emit(*answer.reply, "");
      if (answer.verdict == TimeWait::Verdict::stay) return;
      time_wait_.reset();
      connection_.reset();
    }
    if (connection_ && !connection_->finished()) return connection_->on_segment(now_, segment);
    if (!listener_) {
      if (auto reset = reset_for(segment)) emit(*reset, "");
      return;
    }
    Listener::Answer answer = listener_->on_segment(now_, tuple_, segment, AcceptRoom::free);
    if (answer.reply) emit(*answer.reply, "");
    if (!answer.opening) return;
    connection_ = Connection::accepted(now_, config_, *answer.opening);
    connection_->on_segment(now_, segment);
  }

  void drain() {
    if (!connection_ || batching_) return;
    while (auto plan = connection_->next_segment(now_, caps_)) {
      std::string payload;
      std::span<const std::byte> pieces[64];
      size_t count = connection_->gather(*plan, pieces);
      for (size_t i = 0; i < count; ++i) {
        payload.append(reinterpret_cast<const char*>(pieces[i].data()), pieces[i].size());
      }
      cut(*plan, payload);
    }
    if (connection_->state() == State::time_wait && !time_wait_) {
      time_wait_ = connection_->time_wait_record();
    }
  }

  // What a device with segmentation offload puts on the wire.
  void cut(const SegmentPlan& plan, const std::string& payload) {
    for (size_t at = 0; at == 0 || at < payload.size(); at += plan.mss) {
      TcpHeader header = plan.header;
      bool last = at + plan.mss >= payload.size();
      header.seq += static_cast<uint32_t>(at);
      header.flags.fin = plan.header.flags.fin && last;
      header.flags.psh = plan.header.flags.psh && last;
      emit(header, payload.substr(at, plan.mss));
    }
  }

  // To the next deadline, or to `until` if that comes first; false once there.
  bool step_towards(Time until) {
    Time deadline = kNever;
    if (connection_) deadline = std::min(deadline, connection_->deadline());
    if (listener_) deadline = std::min(deadline, listener_->deadline());
    if (time_wait_) deadline = std::min(deadline, time_wait_->expires);
    if (deadline > until) {
      now_ = std::max(now_, until);
      return false;
    }
    now_ = std::max(now_, deadline);
    if (connection_) connection_->on_time(now_);
    if (time_wait_ && time_wait_->expires <= now_) {
      time_wait_.reset();
      connection_.reset();
    }
    if (listener_) {
      while (auto reply = listener_->next_reply(now_)) emit(reply->header, "");
    }
    drain();
    return true;
  }

  Config config_;
  Listener::Options options_;
  Caps caps_;
  SecretKey key_{0x0123456789abcdef, 0xfedcba9876543210};
  Tuple tuple_{.local = {1}, .remote = {2}, .local_port = 8080, .remote_port = 40000};
  Time now_{std::chrono::seconds(100)};
  std::optional<Listener> listener_;
  std::optional<Connection> connection_;
  std::optional<TimeWait> time_wait_;
  bool batching_ = false;
  std::deque<Seen> out_;
};

std::string PureSubject::call(const Event& event) {
  const std::string& word = event.word;
  auto number = [&event](size_t i) { return std::stod(event.arguments.at(i)); };
  auto duration = [&](size_t i) { return Duration(static_cast<int64_t>(number(i) * 1e6)); };
  if (word == "listen") {
    options_.config = config_;
    listener_.emplace(options_, key_);
  } else if (word == "connect") {
    connection_ = Connection::connect(now_, config_, SeqNumber{0xffff'fe00}, 0xffff'ffc0);
  } else if (word == "accept") {
    if (!connection_) return "nothing to accept";
  } else if (!connection_) {
    return "no connection";
  } else if (word == "shutdown") {
    connection_->on_shutdown_write(now_);
  } else if (word == "close") {
    connection_->on_close(now_);
  } else if (word == "abort") {
    connection_->on_abort(now_);
  } else if (word == "nodelay") {
    connection_->set_nagle(Feature::off);
  } else if (word == "keepalive") {
    connection_->set_keepalive(now_, Feature::on, duration(0), duration(1),
                               static_cast<uint8_t>(number(2)));
  } else if (word == "usertimeout") {
    connection_->set_user_timeout(now_, duration(0));
  } else if (word == "toobig") {
    connection_->on_path_mss(now_, connection_->sender().una(), static_cast<uint16_t>(number(0)));
  } else if (word == "unreachable") {
    SeqNumber iss{0xffff'fe00};
    bool opening = connection_->state() == State::syn_sent;
    connection_->on_unreachable(now_, opening ? iss : connection_->sender().una());
  } else {
    return "unknown call " + word;
  }
  drain();
  return "";
}

}  // namespace

std::unique_ptr<Subject> make_pure_subject() { return std::make_unique<PureSubject>(); }

}  // namespace ukstore::net::script
