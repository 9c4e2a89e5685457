// Two nodes are cut from each other, written to on both sides, and healed.

#include <signal.h>

#include <ukstore/sync/errors.h>

#include "client.h"
#include "nodes.h"

namespace node_boot {
namespace {

// A machine on tap0 and a process with our own stack on tap1, joined by a bridge.
constexpr const char* kTwoTaps =
    "ip link set lo up && ip link add br0 type bridge && ip address add 10.9.0.1/24 dev br0 && "
    "ip link set br0 up && for t in tap0 tap1; do ip tuntap add dev $t mode tap vnet_hdr && "
    "ip link set $t master br0 && ip link set $t up; done";

TEST(Partition, AProcessOnATapAndAMachineComeToOneRootWhenTheyMeetAgain) {
  boot_test::Namespace network;
  const std::string reason = network.enter(kTwoTaps);
  if (!reason.empty()) GTEST_SKIP() << reason;
  boot_test::Folder folder;
  const std::string store = folder.path("process");
  ukstore_says(store, {"init"});
  ukstore_says(store, {"op", "counter", "hits", "add", "1"});

  Node machine(machine_command(
      {.disk = folder.disk("disk", 64), .settings = at_machine({"--strangers", "merge"})}));
  Node process(ukstore(
      store, {"node", "run", "--tap", "tap1", "--address", "10.9.0.3/24", "--metrics", "*:9100",
              "--strangers", "merge", "--peer", "uk://" + machine.fingerprint + "@" + kMachine}));
  const std::string there = "10.9.0.3:9100";
  auto are_equal = [&] {
    auto place = place_of(kMachineMetrics);
    return place && place == place_of(there);
  };
  ASSERT_TRUE(becomes(are_equal)) << machine.child.text() << process.child.text();

  // The cable is pulled; each side goes on with a user of its own.
  ASSERT_EQ(boot_test::shell("ip link set tap1 nomaster").code, 0);
  for (int i = 0; i < 5; ++i) {
    ukstore_says(store, {"op", "counter", "hits", "add", "10"});
    ukstore_says(store, {"set", "here/" + std::to_string(i), "x"});
  }
  Client user;
  user.connect(kMachine);
  ukstore::pull(user.repo(), user.session(), {.remote = "machine", .merge_into = "main"})
      .wait(user.scope());
  for (int i = 0; i < 5; ++i) {
    ukstore::get_or_throw(user.main().set("there/" + std::to_string(i), "y"));
  }
  user.push();
  user.disconnect();
  const auto one = place_of(kMachineMetrics);
  ASSERT_TRUE(one);
  EXPECT_NE(ukstore_says(store, {"log", "-n", "1", "--json"}).find("commit"), std::string::npos);

  ASSERT_EQ(boot_test::shell("ip link set tap1 master br0").code, 0);
  EXPECT_TRUE(becomes([&] { return place_of(kMachineMetrics) != one && are_equal(); }))
      << machine.child.text() << process.child.text();
  EXPECT_EQ(ukstore_says(store, {"get", "hits"}), "51\n");
  EXPECT_EQ(ukstore_says(store, {"get", "there/4"}), "y");
  process.child.signal(SIGTERM);
  EXPECT_EQ(process.child.wait(), 0) << process.child.text();
  ukstore_says(store, {"fsck", "--deep"});
}

}  // namespace
}  // namespace node_boot
