#pragma once
// What runs beside a test: the real program, and a wire that counts, stalls and cuts.

#include <ukstore/tests/cli/terminal.h>

#include <atomic>
#include <functional>
#include <thread>

#include <sys/types.h>

namespace ukstore::cli::tests {

// A command of the real program with its output in pipes.
class Background {
 public:
  Background(const Terminal& terminal, const std::vector<std::string>& words);
  ~Background();  // kills it if it is still there
  Background(const Background&) = delete;

  // The next line that it prints; empty if it has ended.
  std::string line();
  void signal(int number) const;
  // Waits for its end; exit is -N after signal N.
  Outcome end();

 private:
  pid_t pid_ = 0;
  int out_ = -1;
  int err_ = -1;
};

// `serve` on a free port of the loopback.
class Serving {
 public:
  explicit Serving(const Terminal& terminal, std::vector<std::string> options = {});
  // "uk://FINGERPRINT@localhost:PORT", and its parts.
  const std::string& address() const { return address_; }
  std::string fingerprint() const { return address_.substr(5, 64); }
  uint16_t port() const;
  std::string bare_address() const { return "uk://localhost:" + std::to_string(port()); }
  Background& process() { return process_; }

 private:
  Background process_;
  std::string address_;
};

// A socket that listens on a free port of the loopback.
class ListeningSocket {
 public:
  ListeningSocket();
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  uint16_t port() const { return port_; }
  // Waits for a connection; its descriptor, or -1 once this is closed.
  int accept() const;
  void close();

 private:
  int fd_ = -1;
  uint16_t port_ = 0;
};

// Passes bytes on to a port of the loopback, one connection after another.
class Wire {
 public:
  explicit Wire(uint16_t to);
  ~Wire();
  Wire(const Wire&) = delete;
  uint16_t port() const { return socket_.port(); }
  // All bytes of all connections so far, both ways.
  uint64_t bytes() const { return bytes_; }
  // Once `bytes` more have passed: calls this, and passes nothing on until the connection ends.
  void stop_after(uint64_t bytes, std::function<void()> then);

 private:
  void run();
  void pass(int dialler, int service);

  const uint16_t to_;
  ListeningSocket socket_;
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> stop_at_ = UINT64_MAX;
  std::function<void()> then_;
  std::thread thread_;
};

}  // namespace ukstore::cli::tests
