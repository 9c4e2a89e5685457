#include <ukstore/images/echo/iperf.h>
#include <algorithm>
#include <charconv>
#include <string>

namespace ukstore::echo {
namespace {

constexpr size_t kCookieBytes = 37;
constexpr size_t kMessageMax = 64 * 1024;

enum State : uint8_t {
  test_start = 1,
  test_running = 2,
  test_end = 4,
  param_exchange = 9,
  create_streams = 10,
  exchange_results = 13,
  display_results = 14,
  iperf_done = 16,
  client_terminate = 12,
};

// The number after "name": in a flat piece of JSON, or `otherwise`.
uint64_t number_in(std::string_view json, std::string_view name, uint64_t otherwise) {
  size_t at = json.find('"' + std::string(name) + '"');
  if (at == std::string_view::npos) return otherwise;
  at = json.find_first_of("0123456789", at + name.size() + 2);
  if (at == std::string_view::npos) return otherwise;
  uint64_t value = otherwise;
  std::from_chars(json.data() + at, json.data() + json.size(), value);
  return value;
}

}  // namespace

class IperfTest {
 public:
  std::string cookie;  // empty: no test is under way
  uint64_t streams_wanted = 0;
  bool reverse = false;  // we send
  bool running = false;
  net::Time started{};
  net::Time ended{};
  struct Stream {
    net::TcpId id;
    uint64_t bytes = 0;
  };
  std::vector<Stream> streams;
  net::TcpId control;

  std::string results() const {
    double seconds = std::chrono::duration<double>(ended - started).count();
    std::string json =
        "{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
        "\"sender_has_retransmits\":0,\"streams\":[";
    for (size_t i = 0; i < streams.size(); ++i) {
      // iperf3 numbers streams 1, 3, 4, ...
      size_t number = i == 0 ? 1 : i + 2;
      if (i > 0) json += ',';
      json += "{\"id\":" + std::to_string(number) +
              ",\"bytes\":" + std::to_string(streams[i].bytes) +
              ",\"retransmits\":-1,\"jitter\":0,\"errors\":0,\"packets\":0,\"start_time\":0," +
              "\"end_time\":" + std::to_string(seconds) + '}';
    }
    return json + "]}";
  }
};

namespace {

class IperfSession final : public Session {
 public:
  explicit IperfSession(std::shared_ptr<IperfTest> test) : test_(std::move(test)) {}
  ~IperfSession() override {
    if (role_ == Role::control) *test_ = {};
  }

  Verdict on_event(const Peer& peer) override {
    if (role_ == Role::unknown) {
      if (!fill(peer, kCookieBytes))
        return peer.connection().end_of_stream() ? Verdict::close : Verdict::go_on;
      std::string cookie = take(kCookieBytes);
      if (test_->cookie.empty()) {
        become_control(peer, std::move(cookie));
      } else if (cookie == test_->cookie) {
        become_stream(peer);
      } else {
        return Verdict::abort;  // one test at a time
      }
    }
    return role_ == Role::control ? on_control(peer) : on_stream(peer);
  }

 private:
  enum class Role : uint8_t { unknown, control, stream };
  enum class Step : uint8_t { parameters, streams, running, results, done };

  // Reads until `bytes` are at hand.
  bool fill(const Peer& peer, size_t bytes) {
    std::array<std::byte, 4096> buffer;
    while (input_.size() < bytes) {
      size_t got =
          peer.read(std::span(buffer).first(std::min(bytes - input_.size(), buffer.size())));
      if (got == 0) return false;
      input_.append(reinterpret_cast<const char*>(buffer.data()), got);
    }
    return true;
  }

  std::string take(size_t bytes) {
    std::string head = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return head;
  }

  // Control messages are far smaller than any send buffer.
  static void send(const Peer& peer, std::string_view text) {
    peer.write(std::as_bytes(std::span(text)));
  }
  static void send_state(const Peer& peer, State state) {
    auto byte = static_cast<char>(state);
    send(peer, {&byte, 1});
  }

  // A message of 4 bytes of length and JSON, once it is whole.
  std::optional<std::string> json(const Peer& peer) {
    if (!fill(peer, 4)) return std::nullopt;
    size_t length = net::load_be32(std::as_bytes(std::span(input_)), 0);
    if (length > kMessageMax || !fill(peer, 4 + length)) return std::nullopt;
    return take(4 + length).substr(4);
  }

  void become_control(const Peer& peer, std::string cookie) {
    role_ = Role::control;
    *test_ = {};
    test_->cookie = std::move(cookie);
    test_->control = peer.id;
    send_state(peer, param_exchange);
  }

  void become_stream(const Peer& peer) {
    role_ = Role::stream;
    test_->streams.push_back({peer.id});
    if (test_->streams.size() < test_->streams_wanted) return;
    Peer control{peer.tcp, test_->control, peer.now};
    if (peer.tcp.find(control.id) == nullptr) return;
    send_state(control, test_start);
    send_state(control, test_running);
    test_->running = true;
    test_->started = peer.now;
  }

  // The peer may be waiting for the rest of a block that will not come: it must see the end.
  void end_streams(const Peer& peer) {
    test_->running = false;
    test_->ended = peer.now;
    for (IperfTest::Stream& stream : test_->streams) {
      const net::Connection* connection = peer.tcp.find(stream.id);
      if (connection == nullptr) continue;
      size_t rest = connection->readable_bytes();
      stream.bytes += rest;
      peer.tcp.consume(peer.now, stream.id, rest);
      peer.tcp.close(peer.now, stream.id);
    }
  }

  Verdict on_control(const Peer& peer) {
    for (;;) {
      if (step_ == Step::parameters) {
        std::optional<std::string> parameters = json(peer);
        if (!parameters) break;
        test_->streams_wanted = std::clamp<uint64_t>(number_in(*parameters, "parallel", 1), 1, 128);
        test_->reverse = parameters->find("\"reverse\":true") != std::string::npos ||
                         number_in(*parameters, "reverse", 0) == 1;
        send_state(peer, create_streams);
        step_ = Step::running;
      } else if (step_ == Step::results) {
        if (!json(peer)) break;
        std::string results = test_->results();
        net::Bytes length;
        net::append_be32(length, static_cast<uint32_t>(results.size()));
        peer.write(length);
        send(peer, results);
        send_state(peer, display_results);
        step_ = Step::done;
      } else {
        if (!fill(peer, 1)) break;
        auto state = static_cast<uint8_t>(take(1)[0]);
        if (state == iperf_done || state == client_terminate) return Verdict::close;
        if (state == test_end) {
          end_streams(peer);
          send_state(peer, exchange_results);
          step_ = Step::results;
        }
      }
    }
    return peer.connection().end_of_stream() ? Verdict::close : Verdict::go_on;
  }

  Verdict on_stream(const Peer& peer) {
    auto stream = std::find_if(test_->streams.begin(), test_->streams.end(),
                               [&](const IperfTest::Stream& s) { return s.id == peer.id; });
    size_t got = peer.connection().readable_bytes();
    peer.tcp.consume(peer.now, peer.id, got);
    if (stream != test_->streams.end()) stream->bytes += got;
    if (peer.connection().end_of_stream()) return Verdict::close;
    if (!test_->reverse || stream == test_->streams.end()) return Verdict::go_on;
    static const net::Bytes block(128 * 1024);
    while (test_->running) {
      size_t taken = peer.write(block);
      if (taken == 0) break;
      stream->bytes += taken;
    }
    return Verdict::go_on;
  }

  std::shared_ptr<IperfTest> test_;
  Role role_ = Role::unknown;
  Step step_ = Step::parameters;
  std::string input_;
};

}  // namespace

std::shared_ptr<IperfTest> make_iperf_test() { return std::make_shared<IperfTest>(); }

std::unique_ptr<Session> make_iperf(const std::shared_ptr<IperfTest>& test) {
  return std::make_unique<IperfSession>(test);
}

}  // namespace ukstore::echo
