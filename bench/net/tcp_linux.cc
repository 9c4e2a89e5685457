#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ukstore/bench/net/workload.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

// Linux at the other end of the TAP too: a second TAP in a second namespace, and a copier between
// the two, which hands on 64 KiB segments uncut.

namespace ukstore::bench {
namespace {

int open_tap(const char* name) {
  int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  unsigned offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (fd >= 0 && ::ioctl(fd, TUNSETIFF, &request) == 0 && ::ioctl(fd, TUNSETOFFLOAD, offloads) == 0)
    return fd;
  std::perror("tap");
  std::exit(1);
}

// The server, with sockets.
int serve(const Workload& workload) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1) != 0)
    return 1;
  int fd = ::accept(listener, nullptr, nullptr);
  if (fd < 0) return 1;
  std::vector<char> block(128 * 1024);
  uint64_t sent = 0;
  while (workload.traffic == Traffic::send && sent < workload.amount) {
    size_t left = block.size();
    if (workload.amount - sent < left) left = workload.amount - sent;
    ssize_t put = ::send(fd, block.data(), left, MSG_NOSIGNAL);
    if (put <= 0) return 1;
    sent += static_cast<uint64_t>(put);
  }
  while (::recv(fd, block.data(), block.size(), 0) > 0) continue;
  return 0;
}

// Whether there was a frame.
bool carry(int from, int to, std::vector<char>& frame) {
  ssize_t got = ::read(from, frame.data(), frame.size());
  return got > 0 && ::write(to, frame.data(), static_cast<size_t>(got)) != 0;
}

}  // namespace

void serve_with_linux(const Workload& workload) {
  int outer = open_tap(workload.tap);
  if (::unshare(CLONE_NEWNET) != 0) std::exit(1);
  int inner = open_tap("tap2");
  std::string address = std::string("ip address add ") + workload.address + "/24 dev tap2";
  if (std::system((address + " && ip link set tap2 up").c_str()) != 0) std::exit(1);
  pid_t server = ::fork();
  if (server == 0) ::_exit(serve(workload));
  std::vector<char> frame(1 << 17);
  int status = 0;
  while (::waitpid(server, &status, WNOHANG) == 0) {
    bool some = true;
    while (some) {
      some = carry(outer, inner, frame);
      some = carry(inner, outer, frame) || some;
    }
    pollfd watched[] = {{outer, POLLIN, 0}, {inner, POLLIN, 0}};
    ::poll(watched, 2, 10);
  }
  // The last acknowledgment of its FIN is of no account.
  if (status != 0) std::exit(1);
}

}  // namespace ukstore::bench
