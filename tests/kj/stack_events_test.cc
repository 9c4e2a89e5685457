// When a stack's driver sleeps, and when it is woken.

#include <gtest/gtest.h>

#include "two_networks.h"

namespace ukstore::libos_kj {
namespace {

TEST(StackEvents, AnIdleStackLetsItsDriverSleep) {
  TwoNetworks networks;
  while (networks.step()) {
  }
  networks.left_events.pump();
  auto changed = networks.left_events.whenChanged();
  EXPECT_FALSE(changed.poll(networks.wait_scope));
}

TEST(StackEvents, AConnectionThatOpensWakesTheDriverForItsTimer) {
  TwoNetworks networks;
  auto address = networks.run(networks.left_network.parseAddress("10.0.0.2", 80));
  while (networks.step()) {
  }
  networks.left_events.pump();
  auto changed = networks.left_events.whenChanged();
  auto connecting = address->connect();
  EXPECT_TRUE(changed.poll(networks.wait_scope));
  EXPECT_NE(networks.left_events.deadline(), net::kNever);
}

}  // namespace
}  // namespace ukstore::libos_kj
