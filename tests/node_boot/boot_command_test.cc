// ukstore node boot, ps, logs and stop: a machine of an unprivileged user.

#include <signal.h>
#include <stdlib.h>

#include "nodes.h"

namespace node_boot {
namespace {

class BootCommand : public testing::Test {
 protected:
  // The state of machines lies in a folder of the test's own.
  void SetUp() override { setenv("XDG_RUNTIME_DIR", folder_.path("").c_str(), 1); }
  void TearDown() override {
    boot_test::run(ukstore(store_, {"node", "stop"}));
    unsetenv("XDG_RUNTIME_DIR");
  }
  std::string field(const std::string& json, const std::string& name) {
    const size_t at = json.find("\"" + name + "\":\"");
    if (at == json.npos) return "";
    const size_t begin = at + name.size() + 4;
    return json.substr(begin, json.find('"', begin) - begin);
  }

  boot_test::Folder folder_;
  const std::string store_ = folder_.path("store");
  const std::string disk_ = folder_.path("node.disk");
};

TEST_F(BootCommand, AMachineInQemusOwnNetworkConvergesWithAProcessAndStopsWhenTold) {
  ukstore_says(store_, {"init"});
  ukstore_says(store_, {"set", "a/b", "c"});
  const std::string said = ukstore_says(
      store_, {"node", "boot", "--disk", disk_, "--detach", "--strangers", "merge", "--json"});
  const std::string address = field(said, "address"), metrics = field(said, "metrics");
  ASSERT_TRUE(address.starts_with("uk://")) << said;
  EXPECT_NE(ukstore_says(store_, {"node", "ps"}).find("node  running  " + address),
            std::string::npos);
  EXPECT_TRUE(
      ukstore_says(store_, {"node", "logs"}).starts_with("node " + field(said, "fingerprint")));
  auto twice = boot_test::run(ukstore(store_, {"node", "boot", "--disk", disk_, "--detach"}));
  EXPECT_EQ(twice.code, 11) << twice.errors;
  EXPECT_NE(twice.errors.find("runs already"), std::string::npos) << twice.errors;

  const std::string endpoint = metrics.substr(7, metrics.find("/metrics") - 7);
  {
    Node process(ukstore(store_, {"node", "run", "--listen", "127.0.0.1:0", "--peer", address}));
    const std::string head = ukstore_says(store_, {"set", "a/c", "d"});
    EXPECT_TRUE(becomes([&] {
      auto place = place_of(endpoint);
      return place && place->commit + "\n" == head;
    })) << process.child.text();
    process.child.signal(SIGTERM);
    EXPECT_EQ(process.child.wait(), 0);
  }
  EXPECT_EQ(ukstore_says(store_, {"node", "stop"}), "node \"node\" stopped\n");
  EXPECT_EQ(ukstore_says(store_, {"node", "ps"}), "");
  const std::string copy = store_of_disk(folder_, disk_, "copy");
  EXPECT_EQ(ukstore_says(copy, {"get", "a/c"}), "d");
  ukstore_says(copy, {"fsck", "--deep"});
}

TEST_F(BootCommand, CtrlCEndsTheNodeAndThenItsMachine) {
  Node machine(ukstore(store_, {"node", "boot", "--disk", disk_, "--name", "one"}));
  machine.child.signal(SIGINT);
  EXPECT_EQ(machine.child.wait(), 0) << machine.child.text();
  EXPECT_TRUE(machine.child.text().ends_with("stopping\nstopped\n")) << machine.child.text();
}

TEST_F(BootCommand, WhatIsMissingIsSaidWithTheCommandThatMendsIt) {
  struct Row {
    std::vector<std::string> words;
    std::string says;
    int exit;
  };
  for (const Row& row : std::vector<Row>{
           {{"--net", "tap:none9", "--address", "10.9.0.2/24"}, "sudo ip tuntap add dev none9", 5},
           {{"--net", "bridge"}, "--net user", 2},
           {{"--name", "../x"}, "--name NAME", 2},
           {{"--disk", folder_.path("no/such/disk")}, "--disk FILE", 14},
           {{"--image", folder_.path("none"), "--disk", disk_}, "--image FILE", 5},
           {{"--disk", disk_, "--peer", "uk://h:1"}, "fingerprint is missing", 1}}) {
    std::vector<std::string> words = {"node", "boot", "--detach"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    auto outcome = boot_test::run(ukstore(store_, words));
    EXPECT_EQ(outcome.code, row.exit) << row.says << ": " << outcome.errors;
    EXPECT_NE(outcome.errors.find(row.says), std::string::npos) << outcome.errors;
  }
  auto without =
      boot_test::run({"env", "PATH=/nonexistent", std::string(UKSTORE_BINARY_DIR) + "/ukstore",
                      "node", "boot", "--disk", disk_});
  EXPECT_NE(without.errors.find("apt-get install qemu-system-x86"), std::string::npos)
      << without.errors;
}

}  // namespace
}  // namespace node_boot
