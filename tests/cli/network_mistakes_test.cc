// Mistakes and mishaps between two stores: each names the word, gives a hint that can be pasted and
// the documented exit code, and loses nothing.
#include <ukstore/images/ukstore/failure.h>
#include <ukstore/tests/cli/background.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace ukstore::cli::tests {
namespace {

using Words = std::vector<std::string>;

struct Mistake {
  Words words;
  Exit exit;
  std::string names;  // what the first line must hold: the user's own word
  std::string hint;   // what one of the hints must hold
};

void expect_mistake(Terminal& terminal, const Mistake& mistake) {
  std::string line = "ukstore";
  for (const std::string& word : mistake.words) line += " " + word;
  SCOPED_TRACE(line);
  const std::string root = terminal.root(), journal = terminal.must({"journal"});
  const Outcome outcome = terminal.run(mistake.words);
  EXPECT_EQ(outcome.exit, static_cast<int>(mistake.exit)) << outcome.err;
  const std::string first = outcome.err.substr(0, outcome.err.find('\n'));
  EXPECT_TRUE(first.starts_with("error: ")) << outcome.err;
  EXPECT_NE(first.find(mistake.names), std::string::npos) << outcome.err;
  const size_t hints = outcome.err.find("\nhint: ");
  ASSERT_NE(hints, std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find(mistake.hint, hints), std::string::npos) << outcome.err;
  EXPECT_EQ(terminal.root(), root);
  EXPECT_EQ(terminal.must({"journal"}), journal);
  // The same under JSON.
  Words words = mistake.words;
  words.insert(words.begin(), "--json");
  const auto objects = json_lines(terminal.run(words).err);
  ASSERT_FALSE(objects.empty());
  EXPECT_EQ(objects.back().at("error").at("exit"), static_cast<int>(mistake.exit));
}

// A store here, and another in the folder "other" that it was cloned to.
class BetweenStores : public testing::Test {
 protected:
  void SetUp() override {
    terminal_.must({"init"});
    terminal_.must({"set", "a", "1"});
    terminal_.must({"clone", ".", "other"});
    terminal_.must({"set", "b", "2", "-C", "other"});
  }
  void TearDown() override { terminal_.expect_clean(); }
  std::string key_of(const std::string& folder) {
    return terminal_.must({"key", "show", "-C", folder});
  }
  Terminal terminal_;
};

TEST_F(BetweenStores, InWordsAreNamed) {
  const std::string key = key_of("other");
  terminal_.must({"remote", "add", "origin", "other"});
  terminal_.must({"key", "trust", key, "--name", "bob"});
  const std::string zeros(64, '0');
  for (const Mistake& mistake : std::vector<Mistake>{
           {{"pull", "orgin"}, Exit::not_found, "\"orgin\"", "did you mean \"origin\"?"},
           {{"push", "origni"}, Exit::not_found, "\"origni\"", "did you mean \"origin\"?"},
           {{"remote", "remove", "origim"}, Exit::not_found, "\"origim\"", "\"origin\"?"},
           {{"remote", "add", "origin", "other"}, Exit::user_error, "\"origin\"", "remote remove"},
           {{"remote", "add", "a/b", "other"}, Exit::user_error, "\"a/b\"", "such as: origin"},
           {{"remote", "add", "new", "./othre"}, Exit::no_store, "\"./othre\"", "\"./other\"?"},
           {{"remote", "add", "new", "uk://h:port"}, Exit::user_error, "\"uk://h:port\"", "uk://"},
           {{"remote", "rename"}, Exit::usage, "\"rename\"", "add, remove, list"},
           {{"pull", "./othre"}, Exit::no_store, "\"./othre\"", "did you mean \"./other\"?"},
           {{"clone", "/", "x"}, Exit::no_store, "\"/\"", "ls -a"},
           {{"clone", "http://h:1", "x"}, Exit::user_error, "\"http://h:1\"", "uk://localhost"},
           {{"clone", "uk://beef@h:1", "x"}, Exit::user_error, "\"uk://beef@h:1\"", "uk://"},
           {{"clone", "other"}, Exit::usage, "DIR behind \"other\"", "ukstore clone ADDR DIR"},
           {{"clone", ".", "other"}, Exit::user_error, "\"other\"", "ukstore -C other pull ."},
           {{"clone", ".", "x", "--branch", "mian"}, Exit::not_found, "\"mian\"", "\"main\"?"},
           {{"pull", "--branch", "maim"}, Exit::not_found, "\"maim\"", "did you mean \"main\"?"},
           {{"push", "--branch", "maim"}, Exit::not_found, "\"maim\"", "did you mean \"main\"?"},
           {{"pull", "."}, Exit::user_error, "\".\"", "ukstore clone . DIR"},
           {{"pull", "--timeout", "soon"}, Exit::usage, "\"soon\"", "10"},
           {{"pull", "--folow"}, Exit::usage, "\"--folow\"", "ukstore pull --help"},
           {{"sync", "--folow"}, Exit::usage, "\"--folow\"", "did you mean \"--follow\"?"},
           {{"serve", "--anyone", "raed"}, Exit::usage, "\"raed\"", "did you mean \"read\"?"},
           {{"serve", "--listen", "no.such.host.invalid:1"}, Exit::io, "\"no.such", "localhost:0"},
           {{"key", "trust", "beef"}, Exit::user_error, "\"beef\"", "ukstore key show"},
           {{"key", "trust", zeros, "--name", "bob"}, Exit::user_error, "\"bob\"", "distrust"},
           {{"key", "trust", zeros, "--name", "a//b"}, Exit::user_error, "\"a//b\"", "--name bob"},
           {{"key", "distrust", zeros}, Exit::not_found, zeros, "ukstore key list"},
       }) {
    expect_mistake(terminal_, mistake);
    EXPECT_FALSE(std::filesystem::exists(terminal_.folder() / "x"));
  }
  terminal_.must({"remote", "add", "second", "other"});
  terminal_.must({"remote", "remove", "origin"});
  terminal_.must({"remote", "add", "third", "other"});
  expect_mistake(terminal_, {{"pull"}, Exit::usage, "several remotes", "ukstore pull second"});
  terminal_.must({"remote", "remove", "second"});
  terminal_.must({"remote", "remove", "third"});
  expect_mistake(terminal_, {{"push"}, Exit::usage, "no remote yet", "ukstore remote add"});
}

TEST_F(BetweenStores, OfAddressesAreNamed) {
  uint16_t closed = ListeningSocket().port();
  const std::string nobody = "uk://localhost:" + std::to_string(closed);
  expect_mistake(terminal_,
                 {{"pull", nobody}, Exit::unreachable, nobody, "ukstore serve --listen"});
  expect_mistake(terminal_, {{"clone", nobody, "x"}, Exit::unreachable, nobody, "ukstore serve"});
  expect_mistake(terminal_, {{"pull", "uk://no.such.host.invalid:1", "--timeout", "5"},
                             Exit::unreachable,
                             "no.such.host.invalid",
                             "no.such.host.invalid"});
  EXPECT_FALSE(std::filesystem::exists(terminal_.folder() / "x"));
  ListeningSocket taken;
  const std::string place = "localhost:" + std::to_string(taken.port());
  expect_mistake(terminal_, {{"serve", "--listen", place}, Exit::io, place, "localhost:0"});
}

TEST_F(BetweenStores, OfKeysAreNamedAndNothingIsSent) {
  Serving other(terminal_, {"-C", "other", "--anyone", "merge"});
  const std::string bare = other.bare_address();
  expect_mistake(terminal_, {{"pull", bare}, Exit::wrong_key, bare, "--trust-new"});
  const std::string wrong = "uk://" + std::string(64, '0') + "@" + bare.substr(5);
  expect_mistake(terminal_,
                 {{"pull", wrong}, Exit::wrong_key, "another key", "uk://" + other.fingerprint()});
  expect_mistake(terminal_, {{"clone", wrong, "x"}, Exit::wrong_key, "another key", "uk://"});
  EXPECT_FALSE(std::filesystem::exists(terminal_.folder() / "x"));
  // Known by now, and another store answers there later.
  terminal_.must({"pull", bare, "--trust-new"});
  terminal_.must({"init", "third"});
  other.process().signal(SIGTERM);
  EXPECT_EQ(other.process().end().exit, 143);
  Background third(terminal_, {"serve", "-C", "third", "--listen",
                               "localhost:" + std::to_string(other.port()), "--anyone", "merge"});
  ASSERT_TRUE(third.line().starts_with("uk://"));
  expect_mistake(terminal_, {{"pull", bare}, Exit::wrong_key, bare, "ukstore key trust"});
  expect_mistake(terminal_,
                 {{"pull", bare, "--trust-new"}, Exit::wrong_key, bare, "ukstore key trust"});
  terminal_.must({"key", "trust", key_of("third")});
  expect_mistake(terminal_, {{"pull", bare}, Exit::not_found, "\"main\"", "ukstore set"});
}

TEST_F(BetweenStores, OfRightsAreNamed) {
  Serving closed(terminal_, {"-C", "other"});
  const std::string key = key_of(".");
  expect_mistake(
      terminal_,
      {{"pull", closed.address()}, Exit::refused, closed.address(), "ukstore key trust " + key});
  // A store that is refused keeps its key, so that it can be let in.
  const Outcome refused = terminal_.run({"clone", closed.address(), "x"});
  EXPECT_EQ(refused.exit, 7) << refused.err;
  terminal_.must({"key", "trust", key_of("x"), "-C", "other"});
  terminal_.must({"clone", closed.address(), "x"});
  EXPECT_EQ(terminal_.must({"get", "b", "-C", "x"}), "2");
  Serving readable(terminal_, {"-C", "other", "--anyone", "read"});
  terminal_.must({"set", "c", "3"});
  expect_mistake(terminal_, {{"push", readable.address()}, Exit::refused, "\"main\"", "key show"});
  terminal_.must({"pull", readable.address()});
}

// ---- Peers that are none.

// Answers each connection with some bytes and then with silence.
class Stranger {
 public:
  explicit Stranger(std::string answer)
      : answer_(std::move(answer)), thread_([this] {
          for (int fd; (fd = socket_.accept()) >= 0;) {
            if (!answer_.empty()) {
              EXPECT_GT(::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL), 0);
            }
            char piece[1024];
            while (::recv(fd, piece, sizeof piece, 0) > 0) {
            }
            ::close(fd);
          }
        }) {}
  ~Stranger() {
    socket_.close();
    thread_.join();
  }
  std::string address() const { return "uk://localhost:" + std::to_string(socket_.port()); }

 private:
  const std::string answer_;
  ListeningSocket socket_;
  std::thread thread_;
};

TEST_F(BetweenStores, PeersThatAreNoStoresAreToldFromThoseThatAre) {
  Stranger web("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  expect_mistake(terminal_, {{"pull", web.address()}, Exit::unreachable, web.address(), "curl -v"});
  Stranger garbage(std::string(100'000, '\x17'));
  expect_mistake(terminal_,
                 {{"pull", garbage.address()}, Exit::unreachable, garbage.address(), "curl -v"});
  Stranger silent("");
  expect_mistake(terminal_, {{"pull", silent.address(), "--timeout", "1"},
                             Exit::unreachable,
                             silent.address(),
                             "--timeout 60"});
}

// ---- Mishaps on the way.

// A store with enough in it that a transfer can break off in the middle.
void fill(Terminal& terminal) {
  std::string lines;
  for (int i = 0; i < 6'000; ++i) {
    const std::string n = std::to_string(i * 7919 % 100'003);
    lines += "{\"op\":\"set\",\"path\":\"d" + std::to_string(i % 40) + "/p" + n +
             "\",\"value\":\"" + std::string(300, static_cast<char>('a' + i % 26)) + "\"}\n";
    if (i % 100 == 99) {
      terminal.must({"batch"}, lines);
      lines.clear();
    }
  }
}

TEST_F(BetweenStores, APeerThatIsKilledHalfWayLeavesWhatCame) {
  fill(terminal_);
  Serving served(terminal_, {"--anyone", "read"});
  Wire wire(served.port());
  const std::string address =
      "uk://" + served.fingerprint() + "@localhost:" + std::to_string(wire.port());
  wire.stop_after(200'000, [&] { served.process().signal(SIGKILL); });
  const Outcome lost = terminal_.run({"clone", address, "x"});
  EXPECT_EQ(lost.exit, 9) << lost.err;
  EXPECT_NE(lost.err.find("error: cannot bring branch \"main\""), std::string::npos) << lost.err;
  EXPECT_NE(lost.err.find("hint: run the command again"), std::string::npos) << lost.err;
  EXPECT_EQ(terminal_.run({"fsck", "--deep", "-C", "x"}).exit, 0);
  EXPECT_EQ(terminal_.must({"ls", "-C", "x"}), "");
  terminal_.must({"fsck", "--deep"});
}

class CloneSignals : public BetweenStores, public testing::WithParamInterface<int> {};

TEST_P(CloneSignals, ACloneThatIsInterruptedGoesOnLater) {
  fill(terminal_);
  Serving served(terminal_, {"--anyone", "read"});
  Wire wire(served.port());
  const std::string address =
      "uk://" + served.fingerprint() + "@localhost:" + std::to_string(wire.port());
  std::atomic<Background*> cloning = nullptr;
  // What is under way is at most 1 MiB: when this much has passed, pieces of it were taken and
  // kept.
  wire.stop_after(1'600'000, [&] {
    while (!cloning) std::this_thread::yield();
    cloning.load()->signal(GetParam());
  });
  Background clone(terminal_, {"clone", address, "x"});
  cloning = &clone;
  const Outcome outcome = clone.end();
  EXPECT_EQ(outcome.exit, GetParam() == SIGINT ? 130 : 143) << outcome.err;
  EXPECT_NE(outcome.err.find("what has come so far is kept"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("run the command again"), std::string::npos) << outcome.err;
  expect_mistake(terminal_,
                 {{"clone", ".", "x"}, Exit::user_error, "\"x\"", "ukstore clone uk://"});
  const std::string said = terminal_.must({"clone", address, "x"});
  EXPECT_NE(said.find("going on from before"), std::string::npos) << said;
  EXPECT_EQ(terminal_.must({"ls", "-r", "-C", "x"}), terminal_.must({"ls", "-r"}));
  EXPECT_EQ(terminal_.run({"fsck", "--deep", "-C", "x"}).exit, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, CloneSignals, testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) {
                           return std::string(info.param == SIGINT ? "Interrupt" : "Terminate");
                         });

TEST_F(BetweenStores, AStoreThatAnotherWriterHoldsIsSaidToBeLocked) {
  const auto path = terminal_.folder() / ".ukstore/writer.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  const Outcome outcome = terminal_.shell("ukstore pull other");
  ::close(fd);
  EXPECT_EQ(outcome.exit, 11) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: wait"), std::string::npos) << outcome.err;
  EXPECT_EQ(terminal_.run({"get", "b"}).exit, 5);
  terminal_.must({"pull", "other"});
  EXPECT_EQ(terminal_.must({"get", "b"}), "2");
}

}  // namespace
}  // namespace ukstore::cli::tests
