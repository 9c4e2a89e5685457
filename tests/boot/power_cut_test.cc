// The power fails under LMDB's writes: the emulator is killed, and a disk drops, reorders and tears
// what was not flushed.  Nothing that was acknowledged may be lost.

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <random>

#include <ukstore/tests/counts.h>

#include "commits.h"
#include "emulator.h"
#include "weak_disk.h"

namespace boot_test {
namespace {

int cuts() { return ukstore::tests::count(20, 200); }
std::string machine_of(int cut) { return cut % 2 ? "q35" : "microvm"; }

// The number in the last line; 0 if there is none.
long last_number(const std::string& lines) {
  if (lines.empty()) return 0;
  size_t before = lines.rfind('\n', lines.size() - 2);
  return std::stol(lines.substr(before == lines.npos ? 0 : before + 1));
}

// Holds what is on the disk after a cut against what had been acknowledged, which may be one commit
// behind.
class Ledger {
 public:
  // What is wrong; nullopt if nothing is.
  std::optional<std::string> check(long printed, long found) {
    if (printed > acknowledged_) acknowledged_ = printed;
    if (acknowledged_ == 0 && found == -1) return std::nullopt;  // no database yet
    if (found < acknowledged_ || found > acknowledged_ + 1) {
      return "found " + std::to_string(found) + " after " + std::to_string(acknowledged_);
    }
    acknowledged_ = found;
    return std::nullopt;
  }
  long acknowledged() const { return acknowledged_; }

 private:
  long acknowledged_ = 0;
};

TEST(PowerCut, NothingAcknowledgedIsLostAtRandomMoments) {
  Folder folder;
  std::string disk = folder.disk("disk", 32);
  std::mt19937_64 random(7);
  Ledger ledger;
  for (int cut = 0; cut < cuts(); ++cut) {
    Emulator emulator({.image = "commits",
                       .machine = machine_of(cut),
                       .options = {"--disk", disk},
                       .arguments = {"/disk"}});
    emulator.wait_for_lines(random() % 30);
    poll(nullptr, 0, static_cast<int>(random() % 8));
    emulator.kill();
    long printed = last_number(emulator.finish());
    ASSERT_EQ(ledger.check(printed, last_commit(disk)), std::nullopt) << "cut " << cut;
  }
  EXPECT_GT(ledger.acknowledged(), cuts());
}

TEST(PowerCut, AFirstOpenThatIsCutOffCanBeRepeated) {
  using Clock = std::chrono::steady_clock;
  std::mt19937_64 random(8);
  auto begin = Clock::now();
  Folder first;
  Boot once{.image = "commits",
            .options = {"--disk", first.disk("disk", 4)},
            .arguments = {"/disk", "1"}};
  ASSERT_EQ(boot(once).code, 0);
  std::chrono::duration<double, std::milli> one_boot = Clock::now() - begin;
  for (int cut = 0; cut < cuts(); ++cut) {
    Folder folder;
    once.options = {"--disk", folder.disk("disk", 4)};
    {
      Emulator emulator(once);
      poll(nullptr, 0,
           static_cast<int>(one_boot.count() * static_cast<double>(random() % 100) / 100));
      emulator.kill();
    }
    Outcome outcome = boot(once);
    ASSERT_EQ(outcome.code, 0) << "cut " << cut << ": " << outcome.out;
  }
}

// Boots images/commits on a weak disk.
struct WeakMachine {
  explicit WeakMachine(std::string contents, uint64_t seed,
                       WeakDisk::Flushes flushes = WeakDisk::Flushes::honoured)
      : disk(std::move(contents), seed, flushes) {}

  // The last number that was printed before the power failed at the change of number `cut_at`; 0:
  // it never does, and `count` commits are made.
  long run(const std::string& machine, uint64_t cut_at, int count) {
    std::string kind = machine == "q35" ? "virtio-blk-pci,disable-legacy=on" : "virtio-blk-device";
    Boot boot{.image = "commits",
              .machine = machine,
              .options = {"--qemu", "-blockdev", "--qemu",
                          "driver=nbd,node-name=disk,server.type=unix,server.path=" +
                              folder.path("socket"),
                          "--qemu", "-device", "--qemu", kind + ",drive=disk"},
              .arguments = {"/disk", std::to_string(count)}};
    std::promise<Emulator*> started;
    disk.serve(folder.path("socket"), cut_at, [&] { started.get_future().get()->kill(); });
    Emulator emulator(boot);
    started.set_value(&emulator);
    std::string printed = emulator.finish();
    disk.stop();
    return last_number(printed);
  }

  // The last commit on `contents`, as the host reads it.
  long last_commit_of(const std::string& contents) {
    std::ofstream(folder.path("disk"), std::ios::binary) << contents;
    return last_commit(folder.path("disk"));
  }

  Folder folder;
  WeakDisk disk;
};

constexpr size_t kDiskBytes = 16u << 20;

// The first cut after which something is wrong; nullopt if there is none.
std::optional<std::string> cut_often(WeakDisk::Flushes flushes, int times) {
  std::mt19937_64 random(9);
  std::string contents(kDiskBytes, 0);
  Ledger ledger;
  for (int cut = 0; cut < times; ++cut) {
    WeakMachine machine(contents, random(), flushes);
    long printed = machine.run(machine_of(cut), 1 + random() % 60, 1000);
    contents = machine.disk.after_power_cut();
    if (auto wrong = ledger.check(printed, machine.last_commit_of(contents))) {
      return "cut " + std::to_string(cut) + ": " + *wrong;
    }
  }
  if (ledger.acknowledged() < times) return "too few commits to tell anything";
  return std::nullopt;
}

TEST(PowerCut, NothingAcknowledgedIsLostByADiskThatDropsReordersAndTears) {
  EXPECT_EQ(cut_often(WeakDisk::Flushes::honoured, cuts()), std::nullopt);
}

TEST(PowerCut, ADiskThatIgnoresFlushesIsFoundOut) {
  auto found = cut_often(WeakDisk::Flushes::ignored, 20);
  ASSERT_NE(found, std::nullopt);
  EXPECT_NE(found->find("found"), found->npos) << *found;
}

TEST(PowerCut, AFirstOpenThatIsTornAnywhereCanBeRepeated) {
  std::mt19937_64 random(10);
  WeakMachine whole(std::string(kDiskBytes, 0), 1);
  ASSERT_EQ(whole.run("microvm", 0, 2), 2);
  const uint64_t changes = whole.disk.changes();
  for (int cut = 0; cut < cuts(); ++cut) {
    WeakMachine first(std::string(kDiskBytes, 0), random());
    long printed = first.run(machine_of(cut), 1 + static_cast<uint64_t>(cut) % changes, 2);
    WeakMachine second(first.disk.after_power_cut(), 1);
    long after = second.run(machine_of(cut), 0, 1);
    ASSERT_GT(after, printed) << "cut " << cut;
    ASSERT_LE(after, printed + 2) << "cut " << cut;
    ASSERT_EQ(second.last_commit_of(second.disk.after_power_cut()), after) << "cut " << cut;
  }
}

}  // namespace
}  // namespace boot_test
