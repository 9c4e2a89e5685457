// Pages over HTTP, through a pipe in memory.

#include <ukstore/images/node/counted_stream.h>
#include <ukstore/images/node/metrics.h>
#include <ukstore/images/node/page_server.h>

#include <gtest/gtest.h>

namespace ukstore::node {
namespace {

// Gives one connection, and no other.
class OneConnection final : public kj::ConnectionReceiver {
 public:
  explicit OneConnection(kj::Own<kj::AsyncIoStream> stream) : stream_(kj::mv(stream)) {}
  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    if (!stream_) return kj::NEVER_DONE;
    return kj::mv(stream_);
  }
  kj::uint getPort() override { return 0; }

 private:
  kj::Own<kj::AsyncIoStream> stream_;
};

struct Page {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  OneConnection receiver{kj::mv(pipe.ends[1])};
  PageServer server{timer, [](std::string_view path) {
                      return path == "/metrics" ? std::optional<std::string>("a 1\n")
                                                : std::nullopt;
                    }};
  kj::Promise<void> serving = kj::Promise<void>(server.listen(receiver)).eagerlyEvaluate(nullptr);

  std::string answer(std::string_view request) {
    auto writing = pipe.ends[0]->write(request.data(), request.size());
    auto reading = pipe.ends[0]->readAllText();
    writing.wait(scope);
    return reading.wait(scope).cStr();
  }
};

TEST(PageServer, AnswersAGetAndCloses) {
  EXPECT_EQ(Page().answer("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "Content-Length: 4\r\nConnection: close\r\n\r\na 1\n");
  EXPECT_TRUE(Page().answer("GET /metrics?a=b HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST(PageServer, RefusesWhatIsNoGetOrHasABody) {
  EXPECT_TRUE(Page().answer("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(Page().answer("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
  for (const char* field :
       {"Content-Length: -1", "content-length: 5", "Transfer-Encoding: chunked"}) {
    const std::string request = "GET /metrics HTTP/1.1\r\n" + std::string(field) + "\r\n\r\n";
    EXPECT_TRUE(Page().answer(request).starts_with("HTTP/1.1 400")) << field;
  }
}

TEST(PageServer, ClosesWithoutAWordOnAHeadThatIsTooLong) {
  EXPECT_EQ(Page().answer("GET /" + std::string(9000, 'x')), "");
}

TEST(PageServer, ClosesWhenTheTimeIsUp) {
  Page page;
  auto reading = page.pipe.ends[0]->readAllText();
  page.scope.poll();
  page.timer.advanceTo(kj::origin<kj::TimePoint>() + 11 * kj::SECONDS);
  EXPECT_EQ(reading.wait(page.scope).size(), 0u);
}

TEST(Metrics, FiguresOfOneNameStandUnderOneHeadAndLabelsAreEscaped) {
  Metrics metrics;
  metrics.gauge("a", "What a is.", 1, {{"x", "q\"\\\n"}, {"y", ""}});
  metrics.gauge("a", "What a is.", 2);
  metrics.counter("b_total", "What b is.", 3);
  EXPECT_EQ(metrics.text(),
            "# HELP a What a is.\n# TYPE a gauge\na{x=\"q\\\"\\\\\\n\",y=\"\"} 1\na 2\n"
            "# HELP b_total What b is.\n# TYPE b_total counter\nb_total 3\n");
}

TEST(CountedStream, CountsBothWays) {
  kj::EventLoop loop;
  kj::WaitScope scope(loop);
  auto pipe = kj::newTwoWayPipe();
  Traffic traffic;
  auto stream = counted(kj::mv(pipe.ends[0]), traffic);
  auto writing = stream->write("hello", 5);
  char buffer[8];
  EXPECT_EQ(pipe.ends[1]->tryRead(buffer, 5, 8).wait(scope), 5u);
  auto answering = pipe.ends[1]->write("yes", 3);
  EXPECT_EQ(stream->tryRead(buffer, 3, 8).wait(scope), 3u);
  EXPECT_EQ(traffic.bytes_out, 5u);
  EXPECT_EQ(traffic.bytes_in, 3u);
}

}  // namespace
}  // namespace ukstore::node
