// A node as a process and a node as a machine, with disks of their own, come to one state.

#include <signal.h>

#include <fstream>

#include "nodes.h"

namespace node_boot {
namespace {

TEST_F(OnTap, AProcessAndAMachineConverge) {
  const std::string store = folder_.path("process");
  const std::string disk = folder_.disk("disk", 64);
  ukstore_says(store, {"init"});
  ukstore_says(store, {"set", "notes/first", "hello"});
  const std::string key = key_of(store);
  Node machine(machine_command({.disk = disk, .settings = at_machine({"--trust", key})}));
  Node process(
      ukstore(store, {"node", "run", "--listen", "10.9.0.1:7420", "--metrics", "127.0.0.1:9100",
                      "--peer", "uk://" + machine.fingerprint + "@" + kMachine}));
  auto are_equal = [] {
    auto there = place_of(kMachineMetrics);
    return there && there == place_of("127.0.0.1:9100");
  };
  EXPECT_TRUE(becomes(are_equal)) << machine.child.text() << process.child.text();
  // A command on the store of the node that runs.
  const std::string head = ukstore_says(store, {"set", "notes/second", "while they run"});
  EXPECT_TRUE(becomes([&] {
    auto there = place_of(kMachineMetrics);
    return there && there->commit + "\n" == head;
  }));
  EXPECT_TRUE(becomes(are_equal));

  machine.child.write("stop\n");
  EXPECT_TRUE(machine.child.line_after("stopped")) << machine.child.text();
  machine.child.wait();
  process.child.signal(SIGTERM);
  EXPECT_EQ(process.child.wait(), 0) << process.child.text();
  const std::string copy = store_of_disk(folder_, disk, "copy");
  ukstore_says(copy, {"fsck", "--deep"});
  EXPECT_EQ(ukstore_says(copy, {"get", "notes/second"}), "while they run");
}

// The first line of the log and the root of the tree.
Place place_in(const std::string& store) {
  const std::string page = ukstore_says(store, {"log", "-n", "1", "--json"});
  auto field = [&](const std::string& name) {
    const size_t at = page.find("\"" + name + "\":\"") + name.size() + 4;
    return page.substr(at, page.find('"', at) - at);
  };
  return {field("commit"), field("tree")};
}

TEST_F(OnTap, AHistoryGoesToAMachineAndBackToAProcess) {
  const std::string first = folder_.path("first"), second = folder_.path("second");
  const std::string disk = folder_.disk("disk", 64);
  // Branches, merges and a few hundred commits.
  std::ofstream script(folder_.path("script"));
  script << "set -e\nU='" << UKSTORE_BINARY_DIR << "/ukstore --no-sync --quiet --store " << first
         << "'\n$U init >/dev/null\n"
         << "for i in $(seq 10); do\n"
         << "  for j in $(seq 8); do $U set dir$j/file$i \"text $i $j\" >/dev/null; done\n"
         << "  $U branch create side$i >/dev/null\n"
         << "  for j in 1 2 3; do $U set --branch side$i side/$i/$j x$j >/dev/null; done\n"
         << "  $U op counter hits add 3 >/dev/null\n  $U merge side$i >/dev/null\ndone\n"
         << "head -c 300000 /dev/urandom | base64 | $U set large - >/dev/null\n";
  script.close();
  auto made = boot_test::run({"bash", folder_.path("script")});
  ASSERT_EQ(made.code, 0) << made.errors;
  const Place place = place_in(first);

  Node machine(machine_command({.disk = disk, .settings = at_machine({"--strangers", "merge"})}));
  const std::string address = "uk://" + machine.fingerprint + "@" + kMachine;
  auto step_in = [&](const std::string& store) {
    Node process(ukstore(store, {"node", "run", "--listen", "127.0.0.1:0", "--metrics",
                                 "127.0.0.1:9100", "--peer", address}));
    EXPECT_TRUE(becomes([&] {
      return place_of("127.0.0.1:9100") == place && place_of(kMachineMetrics) == place;
    })) << process.child.text()
        << machine.child.text();
    process.child.signal(SIGINT);
    EXPECT_EQ(process.child.wait(), 0) << process.child.text();
  };
  step_in(first);
  step_in(second);
  EXPECT_EQ(place_in(second), place);
  machine.child.signal(SIGKILL);
  machine.child.wait();
  for (const std::string& store : {first, second, store_of_disk(folder_, disk, "copy")}) {
    ukstore_says(store, {"fsck", "--deep"});
  }
}

}  // namespace
}  // namespace node_boot
