#pragma once
// Sessions over connections: who is told what when something happens.

#include <ukstore/libos/net/stack/stack.h>
#include <functional>
#include <memory>

namespace ukstore::echo {

// What a session may do with its connection.
struct Peer {
  net::TcpHost& tcp;
  net::TcpId id;
  net::Time now;

  const net::Connection& connection() const { return *tcp.find(id); }
  size_t read(std::span<std::byte> out) const { return tcp.read(now, id, out); }
  size_t write(net::ByteSpan bytes) const { return tcp.write(now, id, bytes); }
};

enum class Verdict : uint8_t { go_on, close, abort };

// The server's end of one connection.
class Session {
 public:
  virtual ~Session() = default;
  // Something happened: bytes came, there is room to write, or the connection ended.
  virtual Verdict on_event(const Peer& peer) = 0;
};

using SessionFactory = std::function<std::unique_ptr<Session>()>;

class Server {
 public:
  // `stack` outlives this.
  explicit Server(net::Stack& stack) : stack_(stack) {}

  // Serves connections to `port` over both families.  False if the port is taken.
  bool listen(uint16_t port, SessionFactory factory);
  // Answers each datagram to `port` with itself.
  bool echo_datagrams(uint16_t port);

  // Handles all events there are.
  void run(net::Time now);

 private:
  struct Open {
    net::TcpId id;
    std::unique_ptr<Session> session;
  };

  void accept_all(net::ListenerId listener);
  void on_connection(net::Time now, net::TcpId id);
  void on_datagrams(net::Time now, net::UdpId id);

  net::Stack& stack_;
  std::vector<SessionFactory> factories_;  // by listener
  std::vector<Open> sessions_;             // by connection index
};

}  // namespace ukstore::echo
