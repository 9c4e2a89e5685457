// A repository used from several threads: branches, merges, sessions, updates, readers.
#include <ukstore/tests/merge/repo_fixture.h>

#include <ukstore/tests/counts.h>

#include <atomic>
#include <thread>

namespace ukstore::tests {
namespace {

constexpr int kThreads = 4;

class Threads : public WithRepo {
 protected:
  const int rounds = count(20, 500);

  template <class Work>
  void run(const Work& work) {
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) threads.emplace_back([&work, t] { work(t); });
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(Threads, WritersReadersAndMergersOfOneRepositoryLoseNothing) {
  ok(branch("main").transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  std::vector<Branch> forks;
  for (int t = 0; t < kThreads; ++t) {
    forks.push_back(ok(branch("main").fork("fork" + std::to_string(t))));
  }
  run([&](int t) {
    Branch own = forks[static_cast<size_t>(t)], main = branch("main");
    for (int i = 0; i < rounds; ++i) {
      ok(own.transact([&](Tx& tx) {
        tx.at<Counter>("n").add(1);
        tx.at<Set<>>("s").insert(std::to_string(t) + "." + std::to_string(i));
      }));
      ok(main.merge(own));
      EXPECT_GE(ok(ok(main.state()).at<Counter>("n").value()), i + 1);
      if (i % 5 == 0) ok(own.merge(main));
    }
  });
  State state = ok(branch("main").state());
  EXPECT_EQ(ok(state.at<Counter>("n").value()), 1 + kThreads * rounds);
  EXPECT_EQ(ok(state.at<Set<>>("s").size()), static_cast<uint64_t>(kThreads * rounds));
}

TEST_F(Threads, UpdatesOutsideTheLockAllLand) {
  run([&](int) {
    Branch main = branch("main");
    for (int i = 0; i < rounds; ++i) {
      ok(main.update([](Tx& tx) { tx.at<Counter>("n").add(1); }));
    }
  });
  EXPECT_EQ(ok(ok(branch("main").state()).at<Counter>("n").value()), kThreads * rounds);
}

TEST_F(Threads, SessionsPublishAndRefreshBesideEachOther) {
  run([&](int t) {
    Session session = ok(repo->session("public"));
    for (int i = 0; i < rounds; ++i) {
      ok(session.transact([&](Tx& tx) { tx.at<Counter>("c" + std::to_string(t)).add(1); }));
      ok(session.publish());
      ok(session.refresh());
      EXPECT_EQ(ok(ok(session.state()).at<Counter>("c" + std::to_string(t)).value()), i + 1);
    }
    ok(session.close());
  });
  State state = ok(branch("public").state());
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(ok(state.at<Counter>("c" + std::to_string(t)).value()), rounds);
  }
  EXPECT_EQ(ok(repo->branches()), std::vector<Bytes>{"public"});
}

TEST_F(Threads, WatchersSeeEveryCommit) {
  std::atomic<int> seen = 0;
  uint64_t id = branch("main").watch([&](const WatchEvent&) { ++seen; });
  run([&](int t) {
    Branch main = branch("main");
    for (int i = 0; i < rounds; ++i) {
      ok(main.set(std::to_string(t) + "/" + std::to_string(i), "x"));
    }
  });
  repo->store().unwatch(id);
  EXPECT_EQ(seen, kThreads * rounds);
}

}  // namespace
}  // namespace ukstore::tests
