#include "emulator.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace boot_test {
namespace {

constexpr int kLineTimeoutMs = 150'000, kEndTimeoutMs = 150'000;

}  // namespace

Emulator::Emulator(const Boot& boot) {
  Boot printed = boot;
  printed.options.push_back("--print");
  std::string command = "exec " + run(boot_command(printed)).out;
  // The debug console's file lies in a folder that is gone with images/boot.
  for (size_t at = command.find("path=/"); at != command.npos; at = command.npos) {
    command.replace(at + 5, command.find(' ', at) - at - 5, "/dev/null");
  }
  int out[2];
  if (pipe2(out, O_CLOEXEC)) throw std::runtime_error("pipe");
  console_ = out[0];
  child_ = fork();
  if (child_ < 0) throw std::runtime_error("fork");
  if (child_ == 0) {
    dup2(out[1], 1);
    execlp("bash", "bash", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
}

Emulator::~Emulator() {
  finish();
  close(console_);
}

bool Emulator::take_more(int timeout_ms) {
  pollfd console{console_, POLLIN, 0};
  if (poll(&console, 1, timeout_ms) <= 0) return false;
  char buffer[4096];
  ssize_t count = read(console_, buffer, sizeof buffer);
  if (count > 0) text_.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

void Emulator::wait_for_lines(size_t count) {
  auto lines = [this] { return std::count(text_.begin(), text_.end(), '\n'); };
  while (static_cast<size_t>(lines()) < count && take_more(kLineTimeoutMs)) {
  }
}

void Emulator::kill() {
  std::lock_guard lock(mutex_);
  if (child_ > 0) ::kill(child_, SIGKILL);
}

std::string Emulator::finish() {
  while (take_more(kEndTimeoutMs)) {
  }
  kill();
  std::lock_guard lock(mutex_);
  if (child_ > 0) waitpid(child_, nullptr, 0);
  child_ = -1;
  return text_.substr(0, text_.rfind('\n') + 1);
}

}  // namespace boot_test
