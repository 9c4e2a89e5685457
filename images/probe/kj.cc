// KJ and Cap'n Proto on libos's event port: tasks, timers, threads, RPC, HTTP and TLS over pipes.

#include <capnp/persistent.capnp.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/compat/tls.h>
#include <kj/thread.h>

#include <ukstore/libos/kj/event_port.h>
#include <ukstore/libos/kj/task.h>

#include "crypto.h"

namespace probe {
namespace {

using ukstore::libos_kj::EventPort;
using ukstore::libos_kj::Task;

struct Loop {
  EventPort port;
  kj::EventLoop loop{port};
  kj::WaitScope scope{loop};
};

Task<int> add_later(kj::Timer& timer, int a, int b) {
  co_await timer.afterDelay(2 * kj::MILLISECONDS);
  co_return a + b;
}

Task<void> fails(kj::Timer& timer) {
  co_await timer.afterDelay(1 * kj::MILLISECONDS);
  KJ_FAIL_REQUIRE("on purpose");
}

Task<int> sum_of_tasks(kj::Timer& timer) {
  int sum = 0;
  for (int i = 0; i < 5; ++i) sum += co_await add_later(timer, i, 1);
  try {
    co_await fails(timer);
    sum = -1000;
  } catch (const kj::Exception& exception) {
    if (kj::StringPtr(exception.getDescription()).endsWith("on purpose")) sum += 100;
  }
  co_return sum;
}

void tasks() {
  Loop loop;
  expect(sum_of_tasks(loop.port.timer()).wait(loop.scope) == 115);
}

Task<long> many_awaits() {
  long sum = 0;
  for (int i = 0; i < 20000; ++i) sum += co_await kj::Promise<int>(i);
  co_return sum;
}

void awaiting() {
  Loop loop;
  expect(many_awaits().wait(loop.scope) == 199990000);
}

struct Notes {
  bool& destroyed;
  ~Notes() { destroyed = true; }
};

Task<void> waits_for_ever(bool& destroyed) {
  Notes notes{destroyed};
  co_await kj::Promise<void>(kj::NEVER_DONE);
}

void cancellation() {
  Loop loop;
  bool by_task = false, by_promise = false;
  {
    auto task = waits_for_ever(by_task);
  }
  expect(by_task);
  {
    kj::Promise<void> promise = waits_for_ever(by_promise);
    expect(!promise.poll(loop.scope) && !by_promise);
  }
  expect(by_promise);
}

void timers() {
  Loop loop;
  auto& timer = loop.port.timer();
  auto begin = timer.now();
  timer.afterDelay(20 * kj::MILLISECONDS).wait(loop.scope);
  expect(timer.now() - begin >= 20 * kj::MILLISECONDS);
  bool late = false;
  timer.timeoutAfter(3 * kj::MILLISECONDS, kj::Promise<void>(kj::NEVER_DONE))
      .catch_([&](kj::Exception&& exception) {
        late = exception.getType() == kj::Exception::Type::OVERLOADED;
      })
      .wait(loop.scope);
  expect(late);
}

void other_threads() {
  Loop loop;
  for (int i = 0; i < 20; ++i) {
    auto pair = kj::newPromiseAndCrossThreadFulfiller<int>();
    kj::Thread thread(
        [fulfiller = kj::mv(pair.fulfiller), i]() mutable { fulfiller->fulfill(kj::mv(i)); });
    expect(pair.promise.wait(loop.scope) == i);
  }
}

using Saved = capnp::Persistent<capnp::Text, capnp::AnyPointer>;

class SavedServer final : public Saved::Server {
 public:
  kj::Promise<void> save(SaveContext context) override {
    context.getResults().setSturdyRef(kj::str("saved ", ++calls_));
    return kj::READY_NOW;
  }

 private:
  int calls_ = 0;
};

void rpc() {
  Loop loop;
  auto pipe = kj::newTwoWayPipe();
  capnp::TwoPartyServer server(kj::heap<SavedServer>());
  auto serving = server.accept(*pipe.ends[0]).eagerlyEvaluate(nullptr);
  capnp::TwoPartyClient client(*pipe.ends[1]);
  auto saved = client.bootstrap().castAs<Saved>();
  for (int i = 1; i <= 50; ++i) {
    auto answer = saved.saveRequest().send().wait(loop.scope);
    expect(answer.getSturdyRef() == kj::str("saved ", i));
  }
}

class Greeter final : public kj::HttpService {
 public:
  explicit Greeter(kj::HttpHeaderTable& table) : table_(table) {}
  kj::Promise<void> request(kj::HttpMethod, kj::StringPtr url, const kj::HttpHeaders&,
                            kj::AsyncInputStream&, Response& response) override {
    auto text = kj::str("hello ", url);
    auto body = response.send(200, "OK", kj::HttpHeaders(table_), text.size());
    auto written = body->write(text.begin(), text.size());
    return written.attach(kj::mv(body), kj::mv(text));
  }

 private:
  kj::HttpHeaderTable& table_;
};

// A request and its answer over the two ends of a connection.
void greet(Loop& loop, kj::Own<kj::AsyncIoStream> server_end, kj::AsyncIoStream& client_end) {
  kj::HttpHeaderTable table;
  Greeter greeter(table);
  kj::HttpServer server(loop.port.timer(), table, greeter);
  auto serving = server.listenHttp(kj::mv(server_end)).eagerlyEvaluate(nullptr);
  auto client = kj::newHttpClient(table, client_end);
  for (int i = 0; i < 3; ++i) {
    auto response = client->request(kj::HttpMethod::GET, "/there", kj::HttpHeaders(table))
                        .response.wait(loop.scope);
    expect(response.statusCode == 200);
    expect(response.body->readAllText().wait(loop.scope) == "hello /there");
  }
}

void http() {
  Loop loop;
  auto pipe = kj::newTwoWayPipe();
  greet(loop, kj::mv(pipe.ends[0]), *pipe.ends[1]);
}

void tls() {
  Loop loop;
  Identity identity = make_identity();
  kj::TlsKeypair keypair{kj::TlsPrivateKey(kj::StringPtr(identity.key.c_str())),
                         kj::TlsCertificate(kj::StringPtr(identity.certificate.c_str()))};
  kj::TlsContext::Options server_options;
  server_options.defaultKeypair = keypair;
  kj::TlsContext server(kj::mv(server_options));
  kj::TlsCertificate trusted(kj::StringPtr(identity.certificate.c_str()));
  kj::TlsContext::Options client_options;
  client_options.useSystemTrustStore = false;
  client_options.trustedCertificates = kj::arrayPtr(&trusted, 1);
  kj::TlsContext client(kj::mv(client_options));
  auto pipe = kj::newTwoWayPipe();
  auto accepting = server.wrapServer(kj::mv(pipe.ends[0])).eagerlyEvaluate(nullptr);
  auto client_end = client.wrapClient(kj::mv(pipe.ends[1]), "probe").wait(loop.scope);
  greet(loop, accepting.wait(loop.scope), *client_end);
}

// KJ's exceptions say what they mean only through a stringifier.
std::function<void()> guarded(void (*test)()) {
  return [test] {
    try {
      test();
    } catch (const kj::Exception& exception) {
      throw Failure{kj::str(exception).cStr()};
    }
  };
}

}  // namespace

std::vector<Test> kj_tests() {
  return {{"kj/tasks", guarded(tasks)},
          {"kj/awaiting", guarded(awaiting)},
          {"kj/cancellation", guarded(cancellation)},
          {"kj/timers", guarded(timers)},
          {"kj/other-threads", guarded(other_threads)},
          {"kj/rpc", guarded(rpc)},
          {"kj/http", guarded(http)},
          {"kj/tls", guarded(tls)}};
}

}  // namespace probe
