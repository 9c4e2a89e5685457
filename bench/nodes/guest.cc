// The first program of a Linux guest: the storage node as a process, on the kernel's network and a
// file system on the disk.  What a distribution's scripts do before, it does itself.
//
// /init SETTING...; the kernel's modules lie in /modules and are loaded by the order of their
// names.

#include <ukstore/images/node/node.h>
#include <ukstore/images/node/process_platform.h>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

namespace {

using namespace ukstore;

void must(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  pause();
}

void load_modules() {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("/modules"))
    files.insert(entry.path());
  for (const auto& file : files) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    must(syscall(SYS_finit_module, fd, "", 0) == 0, file.c_str());
    close(fd);
  }
}

// Gives an interface its address, with a prefix of 24 bits, and takes it up.
void take_up(const char* name, uint32_t address) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(address);
  std::memcpy(&request.ifr_addr, &to, sizeof to);
  must(ioctl(fd, SIOCSIFADDR, &request) == 0, "address");
  to.sin_addr.s_addr = htonl(0xffffff00);
  std::memcpy(&request.ifr_addr, &to, sizeof to);
  must(ioctl(fd, SIOCSIFNETMASK, &request) == 0, "netmask");
  request.ifr_flags = IFF_UP;
  must(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "up");
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  mkdir("/proc", 0755);
  mkdir("/disk", 0755);
  must(mount("proc", "/proc", "proc", 0, "") == 0, "proc");
  must(mount("dev", "/dev", "devtmpfs", 0, "") == 0, "dev");
  load_modules();
  must(mount("/dev/vda", "/disk", "ext4", MS_NOATIME, "") == 0, "/dev/vda");
  take_up("lo", INADDR_LOOPBACK);
  take_up("eth0", 0x0a090002);
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto config = node::parse_config(words);
  must(config.has_value(), "settings");
  config->store = "/disk/store";
  auto platform = node::open_process(*config, [](std::string_view line) {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
  });
  must(platform.has_value(), "platform");
  auto done = node::run(**platform, *config);
  std::printf("ended: %s\n", done ? "well" : done.error().message.c_str());
  pause();
}
