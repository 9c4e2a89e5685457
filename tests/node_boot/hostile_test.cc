// Peers that claim much, and what it costs a small machine.

#include "client.h"
#include "nodes.h"

namespace node_boot {
namespace {

constexpr size_t kPeers = 200;
constexpr uint64_t kMib = 1 << 20;

// What a message that packs into 64 MiB begins with: its length, as PackedStream reads it.
const std::string kClaim64Mib = {'\x80', '\x80', '\x80', '\x20'};
// The longest that is let in: what has not come takes no memory either.
const std::string kClaim1Mib = {'\x80', '\x80', '\x40'};

struct Crowd {
  std::vector<kj::Own<kj::AsyncIoStream>> streams;

  void claim(Client& client, const std::string& claim, size_t peers = kPeers) {
    for (size_t i = 0; i < peers; ++i) {
      streams.push_back(client.secure_stream(kMachine));
      streams.back()->write(claim.data(), claim.size()).wait(client.scope());
    }
  }
};

uint64_t memory(const std::string& page) {
  return figure(page, "ukstore_memory_bytes").value_or(0);
}

TEST_F(OnTap, TwoHundredPeersThatClaim64MibEachTakeASmallMachineNothing) {
  const std::string disk = folder_.disk("disk", 64);
  Node machine(machine_command({.disk = disk, .settings = at_machine({"--strangers", "merge"})}));
  Client client;
  // A first crowd: what a connection itself takes is seen, and stays with the allocator.
  {
    Crowd crowd;
    crowd.claim(client, "");
    const std::string page = metrics_of(kMachineMetrics);
    EXPECT_EQ(figure(page, "ukstore_connections"), kPeers) << page;
    RecordProperty("idle", std::to_string(memory(page) / kMib) + " MiB");
  }
  EXPECT_TRUE(
      becomes([] { return figure(metrics_of(kMachineMetrics), "ukstore_connections") == 0u; }));
  const uint64_t before = memory(metrics_of(kMachineMetrics));
  ASSERT_GT(before, 0u);
  for (const std::string& claim : {kClaim64Mib, kClaim1Mib}) {
    Crowd crowd;
    crowd.claim(client, claim, claim == kClaim64Mib ? kPeers : kPeers / 4);
    const std::string page = metrics_of(kMachineMetrics);
    EXPECT_LT(memory(page), before + 4 * kMib) << "before " << before;
    RecordProperty("claimed" + std::to_string(claim.size()), std::to_string(memory(page)));
  }
  // Those of 64 MiB were cut at once, and it serves others still.
  EXPECT_TRUE(
      becomes([] { return figure(metrics_of(kMachineMetrics), "ukstore_connections") == 0u; }));
  ASSERT_TRUE(client.main().set("a", "1"));
  client.connect(kMachine);
  client.push();
  EXPECT_TRUE(becomes([] { return place_of(kMachineMetrics).has_value(); }));
}

}  // namespace
}  // namespace node_boot
