#include "probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace ukstore::net {

CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer;
  while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    result.output.append(buffer.data(), got);
  int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

ProbeProcess::ProbeProcess(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) return;
  std::vector<const char*> argv{UKSTORE_ECHO};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], 2);
    ::close(ends[0]);
    ::execv(UKSTORE_ECHO, const_cast<char**>(argv.data()));
    ::_exit(127);
  }
  ::close(ends[1]);
  stderr_ = ends[0];
  std::string text;
  std::array<char, 256> buffer;
  while (text.find("ready") == std::string::npos) {
    ssize_t got = ::read(stderr_, buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  ready_ = text.find("ready") != std::string::npos;
  if (!ready_) std::fprintf(stderr, "probe: %s\n", text.c_str());
}

int ProbeProcess::stop() {
  if (pid_ <= 0) return 0;
  ::kill(pid_, SIGTERM);
  // What a sanitizer has to say comes here.
  std::array<char, 4096> buffer;
  while (ssize_t got = ::read(stderr_, buffer.data(), buffer.size())) {
    if (got < 0) break;
    std::fwrite(buffer.data(), 1, static_cast<size_t>(got), stderr);
  }
  ::close(stderr_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ProbeTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for a network namespace with a TAP device";
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "there is no /dev/net/tun";
  if (::unshare(CLONE_NEWNET) != 0)
    GTEST_SKIP() << "no network namespace: " << std::strerror(errno);
  if (!has("ip")) GTEST_SKIP() << "needs the program ip";
}

bool ProbeTest::start(Header header, std::vector<std::string> more) {
  std::string tap = "ip tuntap add dev tap0 mode tap";
  if (header == Header::virtio) tap += " vnet_hdr";
  CommandResult made = run_command("ip link set lo up && " + tap +
                                   " && ip address add 10.9.0.1/24 dev tap0"
                                   " && ip -6 address add fd09::1/64 dev tap0 nodad"
                                   " && ip link set tap0 up");
  EXPECT_EQ(made.status, 0) << made.output;
  std::vector<std::string> arguments{"--tap",     "tap0",       "--address", "10.9.0.2/24",
                                     "--address", "fd09::2/64", "--gateway", "10.9.0.1"};
  if (header == Header::plain) arguments.push_back("--plain");
  arguments.insert(arguments.end(), more.begin(), more.end());
  probe_.emplace(arguments);
  EXPECT_TRUE(probe_->ready());
  return made.status == 0 && probe_->ready();
}

bool ProbeTest::has(const std::string& program) {
  return run_command("command -v " + program).status == 0;
}

int ProbeTest::connect_to(uint16_t port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, "10.9.0.2", &address.sin_addr);
  // Nothing here may hang for ever.
  timeval timeout{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::optional<long> ProbeTest::reported(const std::string& word) {
  int fd = connect_to(11);
  if (fd < 0) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (ssize_t got = ::read(fd, buffer.data(), buffer.size())) {
    if (got < 0) break;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(fd);
  size_t at = text.rfind(word + ' ');
  if (at == std::string::npos) return std::nullopt;
  return std::strtol(text.c_str() + at + word.size() + 1, nullptr, 10);
}

}  // namespace ukstore::net
