#include "machine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace boot_test {
namespace {

long now_ms() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Appends what there is to read; false at the end.
bool drain(int pipe, std::string& into) {
  char buffer[4096];
  ssize_t count = read(pipe, buffer, sizeof buffer);
  if (count > 0) into.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

}  // namespace

Outcome run(const std::vector<std::string>& command, int timeout_s) {
  int out[2], errors[2];
  if (pipe2(out, O_CLOEXEC) || pipe2(errors, O_CLOEXEC)) throw std::runtime_error("pipe");
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out[1], 1);
    dup2(errors[1], 2);
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(out[1]);
  close(errors[1]);
  Outcome outcome{};
  long end = now_ms() + timeout_s * 1000L;
  bool out_open = true, errors_open = true, late = false;
  while (out_open || errors_open) {
    long left = end - now_ms();
    if (left <= 0) {
      late = true;
      break;
    }
    pollfd pipes[2] = {{out_open ? out[0] : -1, POLLIN, 0},
                       {errors_open ? errors[0] : -1, POLLIN, 0}};
    poll(pipes, 2, static_cast<int>(left));
    if (pipes[0].revents) out_open = drain(out[0], outcome.out);
    if (pipes[1].revents) errors_open = drain(errors[0], outcome.errors);
  }
  if (late) kill(-child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  close(out[0]);
  close(errors[0]);
  outcome.code = late ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string image(const std::string& name) {
  return std::string(UKSTORE_BINARY_DIR) + "/images/" + name + ".elf";
}
std::string debug_image(const std::string& name) {
  return std::string(UKSTORE_BINARY_DIR) + "/images/" + name + ".debug";
}

std::vector<std::string> boot_command(const Boot& boot) {
  std::vector<std::string> command = {std::string(UKSTORE_SOURCE_DIR) + "/images/boot",
                                      "--machine",
                                      boot.machine,
                                      "--timeout",
                                      std::to_string(boot.timeout_s),
                                      "--set",
                                      "syscalls=strict"};
  command.insert(command.end(), boot.options.begin(), boot.options.end());
  command.push_back(image(boot.image));
  command.push_back("--");
  command.insert(command.end(), boot.arguments.begin(), boot.arguments.end());
  return command;
}

Outcome boot(const Boot& boot) { return run(boot_command(boot), boot.timeout_s + 10); }

Outcome as_process(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {image(name)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command);
}

Folder::Folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "ukstore-boot-XXXXXX";
  if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

std::string Folder::disk(const std::string& name, size_t mib) const {
  std::ofstream(path(name)).close();
  std::filesystem::resize_file(path(name), mib << 20);
  return path(name);
}

}  // namespace boot_test
