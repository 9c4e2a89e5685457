// Bytes that must not change: changing one is a change of the protocol (docs/protocol.md).

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

Bytes hex(BytesView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  Bytes text;
  for (unsigned char byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

Bytes stream_of(Repo& repo, const std::vector<Hash>& haves) {
  Outflow out(repo.store(), haves);
  must(out.plan({head_of(repo), {}}));
  Bytes bytes;
  must(out.append(bytes));
  return bytes;
}

TEST(Golden, AFirstCommit) {
  auto repo = memory_repo(1);
  must(repo->branch("main").set("notes/today", "hi"));
  EXPECT_EQ(hex(stream_of(*repo, {})),
            "034b00018b3238d2b787aacf010edae521a1d7186f34313f09a05da7ebf1fb67ae4dd152000000120005"
            "6e6f74657305746f646179011601010100000000000000000000000000000001036869040101");
}

TEST(Golden, ACommitOnOneThatIsKnown) {
  auto repo = memory_repo(1);
  must(repo->branch("main").set("notes/today", "hi"));
  const Hash first = head_of(*repo);
  must(repo->branch("main").set("notes/today", "hello",
                                {.message = "m", .author = Signature{"A <a@b>", 1, -60}}));
  EXPECT_EQ(hex(stream_of(*repo, {first})),
            "035a12025eeae28053cb92846bab27ba0abc9405f712b22ea82cc8ad769e2e1fd670c8a301010741203c"
            "6140623e0277016d001200056e6f74657305746f64617901190102010000000000000000000000000000"
            "00020668656c6c6f040101");
}

TEST(Golden, AMerge) {
  auto repo = memory_repo(1);
  Branch main = repo->branch("main");
  must(main.set("a", "1"));
  const Hash first = head_of(*repo);
  Branch side = must(main.fork("side"));
  must(main.set("b", "1"));
  must(side.remove("a"));
  must(main.merge(side));
  EXPECT_EQ(hex(stream_of(*repo, {first})),
            "032a100296040c8dbcc45a7f0a1557ad61f47028ce124810f6850254cce6551ee3f7ba9a010100000900"
            "01610341100210556ebcd788a179e116ae144ec80e9d37a0271705985a58f345ebec673d36f601020000"
            "0a000162011501020100000000000000000000000000000002023103253103cc83c959790a090a1fd812"
            "cb376cf069ae4a5d0046ae8214e8afe78a1dbed04e020102040101");
}

// ---- The messages of a pull, each with its length.

struct Sent {
  char from;
  size_t bytes;
  bool operator==(const Sent&) const = default;
};
void PrintTo(const Sent& sent, std::ostream* out) { *out << sent.from << ' ' << sent.bytes; }

class Tapped final : public kj::AsyncIoStream {
 public:
  Tapped(kj::Own<kj::AsyncIoStream> inner, char from, std::vector<Sent>& sent)
      : inner_(kj::mv(inner)), from_(from), sent_(sent) {}
  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return inner_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    sent_.push_back({from_, size});
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  const char from_;
  std::vector<Sent>& sent_;
};

TEST(Golden, TheMessagesOfAPull) {
  TwoReplicas two;
  must(two.b->branch("main").set("notes/today", "hi"));
  two.pull_once();
  must(two.b->branch("main").set("notes/today", "hello"));
  std::vector<Sent> sent;
  auto pipe = kj::newTwoWayPipe();
  auto serving =
      kj::Promise<void>(
          serve(two.host, kj::heap<Tapped>(kj::mv(pipe.ends[1]), 'b', sent), {.name = "a"}))
          .eagerlyEvaluate(nullptr);
  two.connection =
      kj::heap<Connection>(kj::heap<Tapped>(kj::mv(pipe.ends[0]), 'a', sent), Bytes(16, 1));
  two.pull_once();
  EXPECT_EQ(must(two.a->branch("main").get("notes/today")), "hello");
  EXPECT_EQ(sent, (std::vector<Sent>{{'a', 13},
                                     {'a', 79},
                                     {'b', 28},
                                     {'a', 12},
                                     {'a', 64},
                                     {'b', 66},
                                     {'a', 109},
                                     {'a', 13},
                                     {'b', 34},
                                     {'b', 122},
                                     {'a', 13},
                                     {'a', 19},
                                     {'b', 12},
                                     {'b', 75},
                                     {'b', 12}}));
}

}  // namespace
}  // namespace ukstore::tests
