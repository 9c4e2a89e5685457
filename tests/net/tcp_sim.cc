#include "tcp_sim.h"

#include <ukstore/libos/net/tcp/reset.h>
#include <algorithm>
#include <array>

#include "tcp_script.h"

namespace ukstore::net::sim {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

constexpr SecretKey kKey{7, 11};

Listener::Options listening(const Config& config, size_t flows) {
  return {.config = config, .syn_queue_max = static_cast<uint32_t>(flows)};
}

}  // namespace

Sim::Sim(const Options& options)
    : options_(options),
      random_(options.seed),
      now_(options.start),
      flows_(options.flows),
      listener_(listening(options.server, options.flows), kKey),
      busy_until_{options.start, options.start} {
  for (size_t i = 0; i < flows_.size(); ++i) {
    flows_[i].tuple = {.local = {1},
                       .remote = {2},
                       .local_port = 80,
                       .remote_port = static_cast<uint16_t>(10000 + i)};
  }
}

void Sim::open() {
  for (size_t i = 0; i < flows_.size(); ++i) {
    auto gap = static_cast<uint32_t>(i * 100'000);
    Config config = options_.client;
    if (!options_.controls.empty())
      config.congestion_control = options_.controls[i % options_.controls.size()];
    client(i).connection =
        Connection::connect(now_, config, options_.client_iss + gap, options_.client_ts_offset);
    service(i, kClient);
  }
}

std::string Sim::run(Time until, const std::function<bool()>& done) {
  while (problem_.empty() && !done()) {
    Time next = next_time();
    if (next > until) break;
    now_ = std::max(now_, next);
    while (!frames_.empty() && frames_.top().at <= now_) {
      Frame frame = frames_.top();
      frames_.pop();
      deliver(frame);
    }
    timers();
  }
  return problem_;
}

Time Sim::next_time() const {
  Time next = listener_.deadline();
  if (!frames_.empty()) next = std::min(next, frames_.top().at);
  for (const Flow& flow : flows_) {
    for (const End& end : flow.ends) {
      if (end.connection) {
        next = std::min(next, end.connection->deadline());
        bool waits = end.connection->readable_bytes() > 0 && end.read_again > now_;
        if (waits) next = std::min(next, end.read_again);
      }
      if (end.time_wait) next = std::min(next, end.time_wait->expires);
    }
  }
  return next;
}

void Sim::timers() {
  while (auto reply = listener_.next_reply(now_)) {
    size_t flow = reply->tuple.remote_port - 10000U;
    transmit(flow, kServer, reply->header, "");
  }
  for (size_t i = 0; i < flows_.size(); ++i) {
    for (Side side : {kClient, kServer}) {
      End& end = flows_[i].ends[side];
      if (end.time_wait && end.time_wait->expires <= now_) end.time_wait.reset();
      if (!end.connection) continue;
      bool due = end.connection->deadline() <= now_;
      bool reads = end.connection->readable_bytes() > 0 && end.read_again <= now_;
      if (due) {
        end.connection->on_time(now_);
        if (end.connection->deadline() <= now_) {
          // Allowed only if sending moves it on.
          drain(i, side);
          if (end.connection && end.connection->deadline() <= now_)
            problem_ = "a deadline that does not pass";
        }
      }
      if (due || reads) service(i, side);
    }
  }
}

void Sim::deliver(const Frame& frame) {
  End& end = flows_[frame.flow].ends[frame.to];
  SegmentView segment{.header = frame.header, .payload = Buf::copy_of(bytes_of(frame.payload))};
  if (end.time_wait) {
    TimeWait::Answer answer = end.time_wait->on_segment(now_, segment);
    if (answer.reply) transmit(frame.flow, frame.to, *answer.reply, "");
    return;
  }
  if (!end.connection && frame.to == kServer && !end.closed) {
    Listener::Answer answer =
        listener_.on_segment(now_, flows_[frame.flow].tuple, segment, AcceptRoom::free);
    if (answer.reply) transmit(frame.flow, kServer, *answer.reply, "");
    if (!answer.opening) return;
    end.connection = Connection::accepted(now_, options_.server, *answer.opening);
  }
  if (!end.connection) {
    if (auto reset = reset_for(segment)) transmit(frame.flow, frame.to, *reset, "");
    return;
  }
  end.connection->on_segment(now_, segment);
  check(end, "after a segment");
  bool more = !frames_.empty() && frames_.top().at <= now_ && frames_.top().flow == frame.flow &&
              frames_.top().to == frame.to;
  if (!more || end.connection->wants_flush()) service(frame.flow, frame.to);
}

void Sim::service(size_t flow, Side side) {
  End& end = flows_[flow].ends[side];
  drain(flow, side);
  application(flow, side);
  drain(flow, side);
  if (!end.connection) return;
  if (end.connection->state() == State::time_wait && end.finished_reading) {
    end.time_wait = end.connection->time_wait_record();
    end.connection.reset();
    end.closed = true;
  } else if (end.connection->finished() && end.connection->readable_bytes() == 0) {
    end.failure = end.connection->failure();
    end.connection.reset();
    end.closed = true;
  }
}

void Sim::application(size_t flow, Side side) {
  End& end = flows_[flow].ends[side];
  if (!end.connection) return;
  Connection& connection = *end.connection;
  while (end.written < end.to_write && connection.writable_bytes() > 0) {
    size_t count = std::min<uint64_t>(end.to_write - end.written, 16 * 1024);
    std::string bytes = script::stream_bytes(end.written, count);
    end.written += connection.on_write(now_, bytes_of(bytes));
    check(end, "after a write");
  }
  if (end.written == end.to_write) connection.on_shutdown_write(now_);
  while (connection.readable_bytes() > 0 && end.read_again <= now_) {
    std::string bytes(end.read_chunk, '\0');
    bytes.resize(connection.on_read(now_, std::as_writable_bytes(std::span(bytes))));
    if (bytes != script::stream_bytes(end.read, bytes.size())) problem_ = "the stream was damaged";
    end.read += bytes.size();
    check(end, "after a read");
    if (end.read_pause > Duration::zero()) end.read_again = now_ + end.read_pause;
  }
  if (connection.end_of_stream()) end.finished_reading = true;
}

void Sim::drain(size_t flow, Side side) {
  End& end = flows_[flow].ends[side];
  if (!end.connection) return;
  int plans = 0;
  while (auto plan = end.connection->next_segment(now_, options_.caps)) {
    if (++plans > 20'000) problem_ = "next_segment does not end";
    if (!problem_.empty()) return;
    check(end, "after a plan");
    uint32_t limit = options_.caps.tso4 ? options_.caps.gso_bytes_max : plan->mss;
    if (plan->length > limit) problem_ = "a plan beyond its limit";
    std::string payload;
    std::array<std::span<const std::byte>, 128> pieces;
    size_t count = end.connection->gather(*plan, pieces);
    for (size_t i = 0; i < count; ++i) {
      payload.append(reinterpret_cast<const char*>(pieces[i].data()), pieces[i].size());
    }
    if (payload.size() != plan->length) problem_ = "gather gave another length";
    for (size_t at = 0; at == 0 || at < payload.size(); at += plan->mss) {
      TcpHeader header = plan->header;
      bool last = at + plan->mss >= payload.size();
      header.seq += static_cast<uint32_t>(at);
      header.flags.fin = plan->header.flags.fin && last;
      transmit(flow, side, header, payload.substr(at, plan->mss));
    }
  }
}

void Sim::transmit(size_t flow, Side from, const TcpHeader& header, std::string payload) {
  Side to = from == kClient ? kServer : kClient;
  const Link& link = from == kClient ? options_.up : options_.down;
  if (tap) tap(from, now_, header, payload.size());
  ++order_;
  End& end = flows_[flow].ends[from];
  if (!payload.empty() && end.drops && end.drops(end.data_frames++)) return;
  auto chance = [this] { return static_cast<double>(random_() >> 11) * 0x1.0p-53; };
  if (link.loss > 0 && chance() < link.loss) return;
  int copies = link.duplication > 0 && chance() < link.duplication ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    Time at = now_ + link.delay;
    if (link.bytes_per_second > 0) {
      Time& busy = busy_until_[from];
      busy = std::max(busy, now_);
      auto waiting = static_cast<double>((busy - now_).count()) * 1e-6 *
                     static_cast<double>(link.bytes_per_second);
      if (waiting > link.queue_bytes) return;
      uint64_t size = payload.size() + 60;
      busy += Duration(static_cast<int64_t>(size * 1'000'000 / link.bytes_per_second));
      at = busy + link.delay;
    }
    if (link.jitter > Duration::zero()) {
      at += Duration(static_cast<int64_t>(chance() * static_cast<double>(link.jitter.count())));
    }
    frames_.push({at, ++order_, flow, to, header, payload});
  }
}

void Sim::check(End& end, const char* where) {
  if (!problem_.empty() || !end.connection) return;
  std::string_view broken = end.connection->broken_invariant();
  if (!broken.empty()) problem_ = std::string(broken) + " " + where;
}

bool Sim::nothing_left() const {
  if (listener_.half_open() > 0 || !frames_.empty()) return false;
  return std::ranges::all_of(flows_, [](const Flow& flow) {
    return std::ranges::all_of(flow.ends,
                               [](const End& end) { return !end.connection && !end.time_wait; });
  });
}

}  // namespace ukstore::net::sim
