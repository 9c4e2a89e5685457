// Images start, run and stop on both machines as they do as processes.

#include <gtest/gtest.h>

#include <future>

#include "machine.h"

namespace boot_test {
namespace {

class OnMachine : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Boot, OnMachine, testing::Values("microvm", "q35"),
                         [](const auto& info) { return info.param; });

TEST_P(OnMachine, HelloPrintsOneLineAndExitsWithZero) {
  Outcome outcome = boot({.image = "hello", .machine = GetParam()});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, as_process("hello", {}).out);
}

TEST_P(OnMachine, TheProbeAgreesWithTheLinuxProcess) {
  Folder folder;
  Outcome process = as_process("probe", {"disk=" + folder.path("host.mdb")});
  ASSERT_EQ(process.code, 0) << process.out;
  std::string disk = folder.disk("disk", 32);
  Outcome machine = boot({.image = "probe",
                          .machine = GetParam(),
                          .options = {"--disk", disk, "--net", "user", "--rng"},
                          .arguments = {"disk=/disk"}});
  EXPECT_EQ(machine.code, 0) << machine.errors;
  EXPECT_EQ(machine.out, process.out);
}

TEST_P(OnMachine, ArgumentsAndExitCodesArriveWhole) {
  const std::vector<std::string> arguments = {"143", "two words", "a \"quote\"", "back\\slash",
                                              "x=y"};
  Outcome outcome = boot({.image = "arguments", .machine = GetParam(), .arguments = arguments});
  EXPECT_EQ(outcome.code, 143);
  EXPECT_EQ(outcome.out, "143\ntwo words\na \"quote\"\nback\\slash\nx=y\n");
}

TEST_P(OnMachine, ThreeMebibytesAreEnoughForHello) {
  Outcome outcome = boot({.image = "hello", .machine = GetParam(), .options = {"--memory", "3"}});
  EXPECT_EQ(outcome.out, "hello\n") << outcome.code << outcome.errors;
}

TEST_P(OnMachine, AVirtioConsoleTakesTheOutput) {
  std::string bus =
      GetParam() == "q35" ? "virtio-serial-pci,disable-legacy=on" : "virtio-serial-device";
  Folder folder;
  Outcome outcome =
      boot({.image = "hello",
            .machine = GetParam(),
            .options = {"--qemu", "-chardev", "--qemu", "file,id=port,path=" + folder.path("port"),
                        "--qemu", "-device", "--qemu", bus, "--qemu", "-device", "--qemu",
                        "virtconsole,chardev=port"}});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(run({"cat", folder.path("port")}).out, "hello\n");
}

TEST(Boot, ARamAboveFourGibibytesIsUsed) {
  Outcome outcome = boot({.image = "hello", .options = {"--memory", "5000"}});
  EXPECT_EQ(outcome.out, "hello\n") << outcome.code << outcome.errors;
}

TEST(Boot, AProcessorWithoutXsaveStillSwitchesThreads) {
  Outcome outcome = boot({.image = "probe",
                          .options = {"--cpu", "max,xsave=off,avx=off,avx2=off,f16c=off,fma=off"},
                          .arguments = {"threads"}});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
}

TEST(Boot, WithoutAnySourceOfChanceNothingStarts) {
  Outcome without = boot({.image = "hello", .options = {"--cpu", "qemu64"}});
  EXPECT_EQ(without.code, 220) << without.out;
  Outcome with = boot({.image = "hello", .options = {"--cpu", "qemu64", "--rng"}});
  EXPECT_EQ(with.code, 0) << with.out;
}

TEST(Boot, AnUnknownSettingIsRefusedByName) {
  Outcome outcome = boot({.image = "hello", .options = {"--set", "durable=yes"}});
  EXPECT_EQ(outcome.code, 219);
  EXPECT_NE(outcome.out.find("\"durable=yes\""), std::string::npos) << outcome.out;
}

TEST(Boot, AVersionOneTransportIsNamed) {
  Folder folder;
  Outcome outcome = boot({.image = "hello",
                          .options = {"--disk", folder.disk("disk", 4), "--qemu", "-global",
                                      "--qemu", "virtio-mmio.force-legacy=true"}});
  EXPECT_EQ(outcome.code, 218);
  EXPECT_NE(outcome.out.find("is version 1"), std::string::npos) << outcome.out;
}

TEST(Boot, ADiskWithoutFlushIsRefusedOrDeclared) {
  Folder folder;
  std::vector<std::string> options = {"--disk", folder.disk("disk", 4),
                                      "--qemu", "-global",
                                      "--qemu", "virtio-blk-device.config-wce=off",
                                      "--qemu", "-global",
                                      "--qemu", "virtio-blk-device.write-cache=off"};
  Outcome refused = boot({.image = "hello", .options = options});
  EXPECT_EQ(refused.code, 221) << refused.out;
  options.insert(options.end(), {"--set", "durability=device"});
  Outcome declared = boot({.image = "hello", .options = options});
  EXPECT_EQ(declared.code, 0) << declared.out;
  EXPECT_NE(declared.out.find("durability is the device's word"), std::string::npos)
      << declared.out;
}

TEST(Boot, TheConsoleIsCapped) {
  std::vector<std::string> lines(40, std::string(60, 'x'));
  lines.front() = "0";
  Outcome host =
      boot({.image = "arguments", .options = {"--console-bytes", "100"}, .arguments = lines});
  EXPECT_EQ(host.out.size(), 100u);
  EXPECT_EQ(host.code, 0);
  Outcome guest =
      boot({.image = "arguments", .options = {"--set", "console=100"}, .arguments = lines});
  EXPECT_LE(guest.out.size(), 200u) << guest.out;
  EXPECT_EQ(guest.code, 0);
}

TEST(Boot, AHundredBootsInARow) {
  for (int i = 0; i < 100; ++i) {
    Outcome outcome = boot({.image = "hello", .machine = i % 2 ? "q35" : "microvm"});
    ASSERT_EQ(outcome.out, "hello\n") << "boot " << i << ": " << outcome.code << outcome.errors;
  }
}

TEST(Boot, BootsUnderHeavyLoad) {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<Outcome>> boots;
    for (int i = 0; i < 8; ++i) {
      boots.push_back(std::async(std::launch::async, [i] {
        return boot({.image = "probe",
                     .machine = i % 2 ? "q35" : "microvm",
                     .arguments = {"clock", "threads"}});
      }));
    }
    for (auto& outcome : boots) {
      Outcome result = outcome.get();
      ASSERT_EQ(result.code, 0) << result.out << result.errors;
    }
  }
}

}  // namespace
}  // namespace boot_test
