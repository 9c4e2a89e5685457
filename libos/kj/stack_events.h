#pragma once
// Between a stack, which never waits, and KJ promises, which do: events find the object that
// waits for them, and what objects changed is transmitted once at the end of the turn.

#include <kj/async.h>
#include <kj/function.h>

#include <ukstore/libos/net/stack/stack.h>
#include <unordered_map>
#include <vector>

namespace ukstore::libos_kj {

// Told when something happened to a connection, a listener or a UDP socket.  Must not destroy
// itself or others then: fulfilling a promise only queues what follows.
class EventSink {
 public:
  virtual void onEvent() = 0;

 protected:
  ~EventSink() = default;
};

class StackEvents {
 public:
  using Clock = kj::Function<net::Time()>;

  // `stack` outlives this; `clock` is the one that the stack's driver uses.
  StackEvents(net::Stack& stack, Clock clock) : stack_(stack), clock_(kj::mv(clock)) {}

  net::Stack& stack() { return stack_; }
  net::Time now() { return clock_(); }

  void watch(net::TcpId id, EventSink& sink);
  void watch(net::ListenerId id, EventSink& sink);
  void watch(net::UdpId id, EventSink& sink);
  void forget(net::TcpId id);
  void forget(net::ListenerId id);
  void forget(net::UdpId id);

  // The addresses of `name`, from the stack's resolver.
  kj::Promise<std::vector<net::IpAddress>> resolve(kj::StringPtr name);

  // Something was written, read, closed or asked for: transmits when the queue of this turn of the
  // event loop is empty.
  void changed();

  // --- For the driver
  // -----------------------------------------------------------------------------

  // Takes in one batch of frames and what is due, and tells whom it concerns.  What they answer at
  // once goes out with changed().
  net::Stack::Progress pump();
  net::Time deadline() const { return stack_.deadline(); }
  // Resolves when deadline() has become earlier than it is now.
  kj::Promise<void> whenChanged();

 private:
  struct Watched {
    net::TcpId id;
    EventSink* sink = nullptr;
  };

  void dispatch();
  void transmitLast();

  net::Stack& stack_;
  Clock clock_;
  std::vector<Watched> connections_;  // by index
  std::vector<EventSink*> listeners_;
  std::vector<EventSink*> sockets_;
  std::unordered_map<uint32_t, kj::Own<kj::PromiseFulfiller<std::vector<net::IpAddress>>>> queries_;
  bool transmit_queued_ = false;
  kj::Promise<void> transmitting_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> changed_;
  net::Time known_deadline_ = net::kNever;  // when changed_ was made
};

}  // namespace ukstore::libos_kj
