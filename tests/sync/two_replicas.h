#pragma once
// Two replicas joined by a pipe in memory: one serves, the other dials.

#include <ukstore/sync/transfer.h>

#include "two_stores.h"

namespace ukstore::tests {

inline HostOptions open_host(uint8_t id) {
  return {.store_id = Bytes(16, static_cast<char>(id)),
          .right = [](const Peer&, BytesView) { return Right::merge; }};
}

struct TwoReplicas {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  std::unique_ptr<Repo> a = memory_repo(1), b;  // a dials b
  Host host;
  kj::Own<Connection> connection;
  kj::Promise<void> serving = nullptr;

  explicit TwoReplicas(TypeRegistry types_of_b = {})
      : b(memory_repo(2, std::move(types_of_b))), host(*b, open_host(2)) {
    connect();
  }
  ~TwoReplicas() {
    connection = nullptr;
    serving = nullptr;
    scope.poll();
  }
  void connect() {
    connection = nullptr;
    auto pipe = kj::newTwoWayPipe();
    serving = kj::Promise<void>(serve(host, kj::mv(pipe.ends[1]), {.name = "a"}))
                  .eagerlyEvaluate(nullptr);
    connection = kj::heap<Connection>(kj::mv(pipe.ends[0]), Bytes(16, 1));
  }
  Pulled pull_once() {
    return pull(*a, connection->session(), {.remote = "b", .merge_into = "main"}).wait(scope);
  }
};

}  // namespace ukstore::tests
