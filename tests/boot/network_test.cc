// Images on a network: a TAP device in a namespace of the test's own, with the kernel's stack and
// the tools of every day on the other end.

#include <gtest/gtest.h>

#include "emulator.h"
#include "machine.h"
#include "network_namespace.h"

namespace boot_test {
namespace {

class OnTap : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string reason = network_.enter(kOneTap);
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  Boot services(std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--net", "tap:tap0"});
    return {.image = "services",
            .machine = GetParam(),
            .options = std::move(options),
            .arguments = {"--address", "10.9.0.2/24", "--address", "fd09::2/64"}};
  }
  // Sets a property of the network device.
  std::vector<std::string> device(const std::string& property) const {
    std::string kind = GetParam() == "q35" ? "virtio-net-pci." : "virtio-net-device.";
    return {"--qemu", "-global", "--qemu", kind + property};
  }
  static void expect_works(const std::string& command, const std::string& expected) {
    std::string program = command.substr(0, command.find(' '));
    if (shell("command -v " + program).code != 0) GTEST_SKIP() << "needs " << program;
    Outcome outcome = shell(command);
    EXPECT_EQ(outcome.code, 0) << command << '\n' << outcome.out << outcome.errors;
    EXPECT_NE(outcome.out.find(expected), std::string::npos) << command << '\n' << outcome.out;
  }

 private:
  Namespace network_;
};
INSTANTIATE_TEST_SUITE_P(Boot, OnTap, testing::Values("microvm", "q35"),
                         [](const auto& info) { return info.param; });

TEST_P(OnTap, PingIsAnsweredOverBothFamiliesAndInFragments) {
  Emulator machine(services());
  machine.wait_for_lines(1);
  expect_works("ping -c 3 -i 0.02 -w 60 10.9.0.2", " 0% packet loss");
  expect_works("ping -c 2 -i 0.02 -w 60 -s 8000 10.9.0.2", " 0% packet loss");
  expect_works("ping -c 1 -w 60 fd09::2", "1 received");
  machine.kill();
}

TEST_P(OnTap, OurTcpServesCurlAndNetcatFromTheMachine) {
  Emulator machine(services());
  machine.wait_for_lines(1);
  expect_works("curl -s -S -m 90 http://10.9.0.2/", "stack of its own");
  expect_works("curl -s -m 90 -o /dev/null -w %{size_download} http://10.9.0.2/bytes/5000000",
               "5000000");
  expect_works("curl -s -m 90 -g http://[fd09::2]/", "stack of its own");
  expect_works("head -c 1000000 /dev/zero | nc -N -w 60 10.9.0.2 7 | wc -c", "1000000");
  machine.kill();
}

// The network header's offloads are what makes bulk cheap; without them it only takes longer.
TEST_P(OnTap, AnySubsetOfOffloadsServes) {
  for (const char* property : {"csum=off", "mrg_rxbuf=off", "guest_csum=off", "host_tso4=off"}) {
    Emulator machine(services(device(property)));
    machine.wait_for_lines(1);
    expect_works("curl -s -m 90 -o /dev/null -w %{size_download} http://10.9.0.2/bytes/1000000",
                 "1000000");
    expect_works("head -c 300000 /dev/zero | nc -N -w 60 10.9.0.2 7 | wc -c", "300000");
    machine.kill();
    machine.finish();
  }
}

TEST_P(OnTap, KjsStreamsServeFromTheEventPort) {
  Emulator machine({.image = "web",
                    .machine = GetParam(),
                    .options = {"--net", "tap:tap0"},
                    .arguments = {"10.9.0.2/24"}});
  machine.wait_for_lines(1);
  for (int i = 0; i < 3; ++i) {
    expect_works("curl -s -S -m 90 http://10.9.0.2/", "a page of a whole machine");
  }
  machine.kill();
}

TEST_P(OnTap, AnImageThatWasToldWhenToStopExitsWithZero) {
  Outcome outcome = boot({.image = "web",
                          .machine = GetParam(),
                          .options = {"--net", "tap:tap0"},
                          .arguments = {"10.9.0.2/24", "1"}});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, "ready\n");
  EXPECT_EQ(as_process("web", {"10.9.0.2/24", "1"}).code, 3);
}

}  // namespace
}  // namespace boot_test
