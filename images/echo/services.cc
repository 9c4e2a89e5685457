#include <ukstore/images/echo/services.h>
#include <algorithm>
#include <charconv>
#include <cstring>

namespace ukstore::echo {
namespace {

using net::ByteSpan;

constexpr size_t kLineMax = 4096;
constexpr uint64_t kAnswerMax = 16u << 20;

ByteSpan bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// Text in front and filler behind, written as the connection takes it.
class Output {
 public:
  void add(std::string_view text) { text_ += text; }
  void add_filler(uint64_t bytes) { filler_ += bytes; }

  // True once everything is written.
  bool write(const Peer& peer) {
    while (!text_.empty()) {
      size_t taken = peer.write(bytes_of(text_));
      text_.erase(0, taken);
      if (taken == 0) return false;
    }
    static const std::string block(16'384, 'x');
    while (filler_ > 0) {
      size_t length = static_cast<size_t>(std::min<uint64_t>(filler_, block.size()));
      size_t taken = peer.write(bytes_of(std::string_view(block).substr(0, length)));
      filler_ -= taken;
      if (taken == 0) return false;
    }
    return true;
  }

 private:
  std::string text_;
  uint64_t filler_ = 0;
};

class Echo final : public Session {
 public:
  Verdict on_event(const Peer& peer) override {
    const net::Connection& connection = peer.connection();
    while (connection.readable_bytes() > 0) {
      size_t taken = peer.write(connection.peek());
      if (taken == 0) return Verdict::go_on;  // back-pressure: the window closes behind us
      peer.tcp.consume(peer.now, peer.id, taken);
    }
    return connection.end_of_stream() ? Verdict::close : Verdict::go_on;
  }
};

class Discard final : public Session {
 public:
  Verdict on_event(const Peer& peer) override {
    peer.tcp.consume(peer.now, peer.id, peer.connection().readable_bytes());
    return peer.connection().end_of_stream() ? Verdict::close : Verdict::go_on;
  }
};

// Lines of 72 characters, each starting one further (RFC 864, "pattern").
class Chargen final : public Session {
 public:
  Verdict on_event(const Peer& peer) override {
    static const std::string pattern = make_pattern();
    peer.tcp.consume(peer.now, peer.id, peer.connection().readable_bytes());
    if (peer.connection().end_of_stream()) return Verdict::close;
    while (size_t taken = peer.write(bytes_of(std::string_view(pattern).substr(at_))))
      at_ = (at_ + taken) % pattern.size();
    return Verdict::go_on;
  }

 private:
  static std::string make_pattern() {
    constexpr int kCharacters = 95, kWidth = 72;
    std::string text;
    for (int line = 0; line < kCharacters; ++line) {
      for (int i = 0; i < kWidth; ++i) text += static_cast<char>(' ' + (line + i) % kCharacters);
      text += "\r\n";
    }
    return text;
  }

  size_t at_ = 0;
};

// Lines in, answers out: what request/response and HTTP share.
class LineSession : public Session {
 public:
  Verdict on_event(const Peer& peer) final {
    std::array<std::byte, 4096> buffer;
    while (output_.write(peer)) {
      // One answer at a time: pipelined requests wait in input_.
      size_t end = input_.find('\n');
      if (end != std::string::npos) {
        std::string line = input_.substr(0, end);
        if (line.ends_with('\r')) line.pop_back();
        input_.erase(0, end + 1);
        if (on_line(line, output_) == Verdict::close) closing_ = true;
        continue;
      }
      if (closing_) return Verdict::close;
      size_t got = peer.read(buffer);
      if (got == 0) return peer.connection().end_of_stream() ? Verdict::close : Verdict::go_on;
      input_.append(reinterpret_cast<const char*>(buffer.data()), got);
      if (input_.size() > kLineMax) return Verdict::abort;
    }
    return Verdict::go_on;
  }

 protected:
  // `close`: after the answer.
  virtual Verdict on_line(std::string_view line, Output& output) = 0;

 private:
  std::string input_;
  Output output_;
  bool closing_ = false;
};

std::optional<uint64_t> count_in(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kAnswerMax)
    return std::nullopt;
  return value;
}

class RequestResponse final : public LineSession {
  Verdict on_line(std::string_view line, Output& output) override {
    std::optional<uint64_t> count = count_in(line);
    if (!count) return Verdict::close;
    output.add_filler(*count);
    return Verdict::go_on;
  }
};

class Http final : public LineSession {
  Verdict on_line(std::string_view line, Output& output) override {
    if (!line.empty()) {
      if (request_.empty()) {
        request_ = line;
      } else if (starts_with_name(line, "connection:") &&
                 line.find("close") != std::string_view::npos) {
        close_ = true;
      } else if (starts_with_name(line, "content-length:") ||
                 starts_with_name(line, "transfer-encoding:")) {
        refuse_ = true;  // no bodies here
      }
      return Verdict::go_on;
    }
    if (request_.empty()) return Verdict::go_on;
    answer(output);
    request_.clear();
    return close_ || refuse_ ? Verdict::close : Verdict::go_on;
  }

  static bool starts_with_name(std::string_view line, std::string_view name) {
    return line.size() >= name.size() &&
           std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
  }

  void answer(Output& output) const {
    if (refuse_) return respond(output, "400 Bad Request", "no bodies, please\n", 0);
    std::string_view rest = request_;
    if (!rest.starts_with("GET "))
      return respond(output, "405 Method Not Allowed", "GET only\n", 0);
    rest.remove_prefix(4);
    std::string_view path = rest.substr(0, rest.find(' '));
    if (path == "/")
      return respond(output, "200 OK",
                     "<!doctype html><title>echo</title><p>Served by a TCP/IP stack of its own.\n",
                     0);
    constexpr std::string_view kBytes = "/bytes/";
    if (path.starts_with(kBytes))
      if (auto count = count_in(path.substr(kBytes.size())))
        return respond(output, "200 OK", "", *count);
    respond(output, "404 Not Found", "nothing here\n", 0);
  }

  static void respond(Output& output, std::string_view status, std::string_view body,
                      uint64_t filler) {
    output.add("HTTP/1.1 " + std::string(status) +
               "\r\nContent-Type: text/html\r\nContent-Length: " +
               std::to_string(body.size() + filler) + "\r\n\r\n");
    output.add(body);
    output.add_filler(filler);
  }

  std::string request_;  // the first line
  bool close_ = false;
  bool refuse_ = false;
};

class Text final : public Session {
 public:
  explicit Text(std::string_view text) { output_.add(text); }
  Verdict on_event(const Peer& peer) override {
    peer.tcp.consume(peer.now, peer.id, peer.connection().readable_bytes());
    return output_.write(peer) ? Verdict::close : Verdict::go_on;
  }

 private:
  Output output_;
};

}  // namespace

std::unique_ptr<Session> make_echo() { return std::make_unique<Echo>(); }
std::unique_ptr<Session> make_discard() { return std::make_unique<Discard>(); }
std::unique_ptr<Session> make_chargen() { return std::make_unique<Chargen>(); }
std::unique_ptr<Session> make_request_response() { return std::make_unique<RequestResponse>(); }
std::unique_ptr<Session> make_http() { return std::make_unique<Http>(); }
std::unique_ptr<Session> make_text(const std::function<std::string()>& make) {
  return std::make_unique<Text>(make());
}

}  // namespace ukstore::echo
