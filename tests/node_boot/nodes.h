#pragma once
// Nodes for tests: as processes and as machines, in a network namespace, and their figures.

#include <ukstore/tests/boot/machine.h>
#include <ukstore/tests/boot/network_namespace.h>

#include <gtest/gtest.h>

#include <functional>

#include "child.h"

namespace node_boot {

// Tells in its first lines who it is.
struct Node {
  Child child;
  std::string fingerprint;

  explicit Node(const std::vector<std::string>& command);
};

struct MachinePlan {
  std::string disk;
  std::vector<std::string> settings = {};  // of the node
  std::vector<std::string> options = {};   // of images/boot
  int memory_mib = 64;
  std::string tap = "tap0";
};
// QEMU itself, without images/boot around it, so that a kill hits it; its serial port is the
// child's input and output.
std::vector<std::string> machine_command(const MachinePlan& plan);
// `ukstore --store STORE WORD...`
std::vector<std::string> ukstore(const std::string& store, const std::vector<std::string>& words);
// What it prints; a test failure if it does not exit with 0.
std::string ukstore_says(const std::string& store, const std::vector<std::string>& words);

// The page of figures of a node; empty if it does not answer.
std::string metrics_of(const std::string& endpoint);
// The value of a figure, by its name and labels as they stand; nullopt if there is none.
std::optional<uint64_t> figure(const std::string& page, const std::string& name);

// Where a branch is.
struct Place {
  std::string commit, root;
  bool operator==(const Place&) const = default;
};
std::optional<Place> place_of(const std::string& endpoint, const std::string& branch = "main");

// Looks until it is so, for at most 150 s: whether it became so.
bool becomes(const std::function<bool()>& so);

// The store on a machine's disk, as a folder that commands take; the machine is not to run.
std::string store_of_disk(const boot_test::Folder& folder, const std::string& disk,
                          const std::string& name);

class OnTap : public testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = network_.enter(boot_test::kOneTap);
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  // The fingerprint of the key of a store, which is made if absent.
  std::string key_of(const std::string& store);

  boot_test::Folder folder_;

 private:
  boot_test::Namespace network_;
};

constexpr const char* kMachine = "10.9.0.2:7420";
constexpr const char* kMachineMetrics = "10.9.0.2:9100";
// The settings of a machine at that address.
std::vector<std::string> at_machine(std::vector<std::string> more = {});

}  // namespace node_boot
