// A peer that works a node: node_client HOST:PORT rtt N | in MIB | out MIB.
//
// rtt: N questions for the head of main, one after the other (about 64 bytes each way under TLS).
// in: so many MiB of fresh contents are pushed.  out: main is pulled by a replica that has nothing,
// until so many MiB have come.  Prints "ready" when it is connected and warm, waits for a line on
// standard input, does it, prints "done".

#include <ukstore/store/memory_backend.h>
#include <ukstore/sync/errors.h>
#include <ukstore/sync/listener.h>
#include <ukstore/sync/transfer.h>

#include <kj/async-io.h>

#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

using namespace ukstore;

constexpr size_t kValueBytes = 32 * 1024;

struct Replica {
  std::unique_ptr<Repo> repo = get_or_throw(Repo::open(make_memory_backend()));
  Identity identity = get_or_throw(identity_of(repo->store()));
  SecureTransport transport{identity};
  kj::Own<Connection> connection;

  Replica(kj::AsyncIoContext& io, const char* host_and_port) {
    auto stream = dial(io.provider->getNetwork(), transport, {.host_and_port = host_and_port})
                      .wait(io.waitScope)
                      .stream;
    connection = kj::heap<Connection>(kj::mv(stream), identity.store_id());
    connection->welcomed().wait(io.waitScope);
  }
};

void commit(Repo& repo, uint64_t mib, uint64_t seed) {
  std::mt19937_64 random(seed);
  auto write = [&](Tx& tx) {
    for (uint64_t i = 0; i < (mib << 20) / kValueBytes; ++i) {
      Bytes value;
      while (value.size() < kValueBytes) append_le<uint64_t>(value, random());
      tx.set("bulk/" + std::to_string(seed) + "/" + std::to_string(i), value);
    }
  };
  get_or_throw(repo.branch("main").transact(write));
}

void wait_for_word() {
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != '\n') {
  }
}

void ask(kj::AsyncIoContext& io, Replica& replica, uint64_t times) {
  auto request = replica.connection->session().readerRequest();
  request.setBranch(to_data("main"));
  auto reader = request.send().getReader();
  for (uint64_t i = 0; i < times; ++i) reader.headRequest().send().wait(io.waitScope);
}

void push(kj::AsyncIoContext& io, Replica& replica, uint64_t mib, uint64_t seed) {
  commit(*replica.repo, mib, seed);
  Pusher pusher(*replica.repo, replica.connection->session(), "main", std::make_shared<PeerHas>());
  pusher.push().wait(io.waitScope);
}

void run(const char* host_and_port, const std::string& what, uint64_t count) {
  auto io = kj::setupAsyncIo();
  Replica replica(io, host_and_port);
  if (what == "rtt") {
    ask(io, replica, 200);
    wait_for_word();
    ask(io, replica, count);
    return;
  }
  push(io, replica, what == "out" ? count : 1, 1);
  if (what == "in") {
    commit(*replica.repo, count, 2);
    wait_for_word();
    Pusher pusher(*replica.repo, replica.connection->session(), "main",
                  std::make_shared<PeerHas>());
    pusher.push().wait(io.waitScope);
    return;
  }
  Replica fresh(io, host_and_port);
  wait_for_word();
  pull(*fresh.repo, fresh.connection->session(), {.remote = "node", .merge_into = "main"})
      .wait(io.waitScope);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] {
                 run(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
               })) {
    std::fprintf(stderr, "%s\n", exception->getDescription().cStr());
    return 1;
  }
  std::puts("done");
}
