#pragma once
// A network namespace with a TAP device in it, and the probe that serves on the other end.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace ukstore::net {

// What a command wrote to standard output, and its exit status.
struct CommandResult {
  int status = -1;
  std::string output;
};
CommandResult run_command(const std::string& command);

// A child process whose standard error is ours to read.
class ProbeProcess {
 public:
  // Starts the probe with these arguments; returns once it says that it is ready.
  explicit ProbeProcess(const std::vector<std::string>& arguments);
  // Ends it and waits for it.
  ~ProbeProcess() { stop(); }
  ProbeProcess(const ProbeProcess&) = delete;
  ProbeProcess& operator=(const ProbeProcess&) = delete;

  bool ready() const { return ready_; }
  // The exit status; 0 if it went well.
  int stop();

 private:
  pid_t pid_ = -1;
  int stderr_ = -1;
  bool ready_ = false;
};

// Our end has 10.9.0.2 and fd09::2, the kernel's 10.9.0.1 and fd09::1.
class ProbeTest : public testing::Test {
 protected:
  enum class Header : uint8_t { virtio, plain };

  // Skips without root.
  void SetUp() override;
  // Makes namespace and device and starts the probe with `more` arguments; false, with the test
  // failed, if that did not work.
  bool start(Header header, std::vector<std::string> more = {});
  // Skips the test unless this program is installed.
  static bool has(const std::string& program);
  // The number after `word` in the probe's own report.
  std::optional<long> reported(const std::string& word);
  // A TCP connection of the kernel's; -1 on failure.
  static int connect_to(uint16_t port);

  std::optional<ProbeProcess> probe_;
};

}  // namespace ukstore::net
