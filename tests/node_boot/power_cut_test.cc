// The emulator is killed while a peer writes to the node.  What the node acknowledged is there
// when it boots again.

#include <signal.h>

#include <ukstore/store/history.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/sync/errors.h>
#include <ukstore/tests/counts.h>

#include <random>

#include "client.h"
#include "nodes.h"

namespace node_boot {
namespace {

using namespace ukstore;

// Commits, and pushes each, until the machine is gone; the last that was acknowledged.
std::optional<Hash> push_until_killed(Client& client, Node& machine, kj::Duration after,
                                      int& number) {
  std::optional<Hash> acknowledged;
  Pusher pusher(client.repo(), client.session(), "main", std::make_shared<PeerHas>());
  auto kill = client.timer().afterDelay(after).then([&] { machine.child.signal(SIGKILL); }).fork();
  auto killed = kill.addBranch().then([]() -> kj::Maybe<Hash> { KJ_FAIL_REQUIRE("killed"); });
  auto pushing = kj::mv(killed);
  try {
    for (;;) {
      ++number;
      const std::string value(static_cast<size_t>(number * 37 % 3000 + 1), 'v');
      get_or_throw(client.main().set("k/" + std::to_string(number % 50), value));
      const Hash head = get_or_throw(client.main().head())->hash;
      auto dead = kill.addBranch().then([]() -> kj::Maybe<Hash> { KJ_FAIL_REQUIRE("killed"); });
      kj::Promise<kj::Maybe<Hash>> push = pusher.push();
      push.exclusiveJoin(kj::mv(dead)).wait(client.scope());
      acknowledged = head;
    }
  } catch (const kj::Exception&) {
  }
  machine.child.wait();
  return acknowledged;
}

// Whether the store in a folder has a commit in the history of main.
bool has(const std::string& store, const Hash& hash) {
  auto repo = get_or_throw(Repo::open(get_or_throw(open_lmdb_backend({.path = store}))));
  auto head = get_or_throw(repo->branch("main").head());
  auto source = get_or_throw(repo->store().commits());
  WalkBudget budget;
  return head && get_or_throw(is_ancestor(*source, get_or_throw(source->resolve({hash, {}})), *head,
                                          budget));
}

TEST_F(OnTap, NothingAcknowledgedIsLostWhenTheEmulatorIsKilledAmidWrites) {
  const std::string disk = folder_.disk("disk", 64);
  std::mt19937_64 random(5);
  Client client;
  std::string fingerprint;
  int number = 0, acknowledged = 0;
  for (int cut = 0; cut < ukstore::tests::count(5, 100); ++cut) {
    Node machine(machine_command({.disk = disk, .settings = at_machine({"--strangers", "merge"})}));
    // The key is made at the first boot, and stays.
    if (fingerprint.empty()) fingerprint = machine.fingerprint;
    ASSERT_EQ(machine.fingerprint, fingerprint);
    client.connect(kMachine);
    const auto after = static_cast<int64_t>(100 + random() % 900) * kj::MILLISECONDS;
    const auto last = push_until_killed(client, machine, after, number);
    client.disconnect();
    if (!last) continue;
    ++acknowledged;
    const std::string store = store_of_disk(folder_, disk, "copy");
    ASSERT_TRUE(has(store, *last)) << "cut " << cut << " after " << number << " commits";
    ukstore_says(store, {"fsck", "--deep"});
  }
  EXPECT_GT(acknowledged, 0);
  RecordProperty("commits", number);
  // And it serves what it had.
  Node machine(machine_command({.disk = disk, .settings = at_machine({"--strangers", "merge"})}));
  client.connect(kMachine);
  client.push();
  const Hash head = get_or_throw(client.main().head())->hash;
  EXPECT_TRUE(becomes([&] {
    auto place = place_of(kMachineMetrics);
    return place && place->commit == to_hex(head);
  }));
}

}  // namespace
}  // namespace node_boot
