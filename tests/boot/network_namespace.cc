#include "network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace boot_test {

const char* const kOneTap =
    "ip link set lo up && ip tuntap add dev tap0 mode tap vnet_hdr && "
    "ip address add 10.9.0.1/24 dev tap0 && ip -6 address add fd09::1/64 dev tap0 nodad && "
    "ip link set tap0 up";

Outcome shell(const std::string& command) { return run({"bash", "-c", command}, 100); }

std::string Namespace::enter(const std::string& commands) {
  if (geteuid() != 0) return "needs root for a network namespace with a TAP device";
  if (access("/dev/net/tun", R_OK | W_OK) != 0) return "there is no /dev/net/tun";
  if (shell("command -v ip").code != 0) return "needs the program ip";
  before_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (unshare(CLONE_NEWNET) != 0) return std::string("no network namespace: ") + strerror(errno);
  Outcome made = shell(commands);
  return made.code == 0 ? "" : made.errors;
}

Namespace::~Namespace() {
  if (before_ < 0) return;
  setns(before_, CLONE_NEWNET);
  close(before_);
}

}  // namespace boot_test
