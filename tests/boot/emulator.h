#pragma once
// An emulator that a test kills, as a power cut does.

#include <mutex>
#include <string>

#include "machine.h"

namespace boot_test {

// QEMU itself, without images/boot around it.  Killed at the latest when it goes.
class Emulator {
 public:
  explicit Emulator(const Boot& boot);
  ~Emulator();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  // Waits until the console has shown `count` lines, or has ended, or nothing came for 150 s.
  void wait_for_lines(size_t count);
  void kill();  // may be called by any thread
  // Waits for its end, as long as something comes within 150 s, then kills it; all complete lines
  // of its console.
  std::string finish();

 private:
  bool take_more(int timeout_ms);

  std::mutex mutex_;  // of `child_`, which is -1 once it has ended
  int child_ = -1, console_ = -1;
  std::string text_;
};

}  // namespace boot_test
