#include <ukstore/images/ukstore/machine.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kQemu = "qemu-system-x86_64";

// QEMU's options end at a comma; two stand for one.
std::string option_value(const fs::path& path) {
  std::string text;
  for (char c : path.string()) text += c == ',' ? std::string(",,") : std::string(1, c);
  return text;
}

// Arguments of the program stand behind "--", each in quotes (libos/core/settings.cc reads them).
std::string kernel_line(const std::vector<std::string>& settings) {
  std::string line = "--";
  for (const std::string& word : settings) {
    line += " \"";
    for (char c : word) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  return line;
}

std::string network_of(const Machine& machine) {
  if (!machine.tap.empty()) {
    return "tap,id=net,ifname=" + machine.tap + ",script=no,downscript=no,vhost=off";
  }
  auto forward = [](uint16_t host, uint16_t guest) {
    return ",hostfwd=tcp:127.0.0.1:" + std::to_string(host) + "-:" + std::to_string(guest);
  };
  return "user,id=net" + forward(machine.port, kNodePort) +
         forward(machine.metrics_port, kMetricsPort);
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> qemu_command(const Machine& machine) {
  return {kQemu,
          "-M",
          "microvm,acpi=off",
          "-global",
          "virtio-mmio.force-legacy=false",
          "-cpu",
          "max",
          "-m",
          std::to_string(machine.memory_mib) + "M",
          "-nodefaults",
          "-no-user-config",
          "-display",
          "none",
          "-no-reboot",
          "-monitor",
          "none",
          "-kernel",
          machine.image.string(),
          "-append",
          kernel_line(machine.settings),
          "-chardev",
          "socket,id=console,path=" + option_value(machine.files.serial) +
              ",server=on,wait=off,logfile=" + option_value(machine.files.console),
          "-serial",
          "chardev:console",
          "-chardev",
          "file,id=end,path=" + option_value(machine.files.end),
          "-device",
          "isa-debugcon,iobase=0xe9,chardev=end",
          "-device",
          "isa-debug-exit,iobase=0xf4,iosize=4",
          "-drive",
          "if=none,id=disk,format=raw,file=" + option_value(machine.disk),
          "-device",
          "virtio-blk-device,drive=disk",
          "-netdev",
          network_of(machine),
          "-device",
          "virtio-net-device,netdev=net"};
}

std::string as_seen_by_guest(const std::string& peer) {
  for (const std::string host : {"127.0.0.1:", "localhost:"}) {
    for (const std::string before : {"uk://", "@"}) {
      const size_t at = peer.find(before + host);
      if (at == peer.npos) continue;
      const size_t begin = at + before.size();
      return peer.substr(0, begin) + "10.0.2.2:" + peer.substr(begin + host.size());
    }
  }
  return peer;
}

fs::path find_image() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place :
       {folder / "images/node.elf", folder / "../libexec/ukstore/node.elf"}) {
    if (fs::exists(place, error)) return fs::weakly_canonical(place, error);
  }
  throw Failure{Exit::not_found,
                "the node's image is not there",
                {"looked for it as " + (folder / "images/node.elf").string()},
                {"build it: cmake --preset release && cmake --build --preset release --target "
                 "image_node",
                 "or name it: ukstore node boot --image FILE"}};
}

void need_qemu() {
  if (on_path(kQemu)) return;
  throw Failure{Exit::not_found,
                std::string("there is no ") + kQemu,
                {"it runs the machine of a node"},
                {"install it: sudo apt-get install qemu-system-x86"}};
}

void need_tap(const std::string& name) {
  if (access("/dev/net/tun", F_OK) != 0) {
    throw Failure{Exit::not_found,
                  "there is no /dev/net/tun",
                  {"a TAP device is asked for there"},
                  {"load the kernel's module: sudo modprobe tun",
                   "or do without: ukstore node boot --net user"}};
  }
  std::error_code error;
  if (!fs::exists("/sys/class/net/" + name, error)) {
    throw Failure{
        Exit::not_found,
        "there is no network device " + in_quotes(name),
        {},
        {"make it: sudo ip tuntap add dev " + shell_word(name) +
             " mode tap vnet_hdr user $USER && sudo ip link set " + shell_word(name) + " up",
         "or do without: ukstore node boot --net user"}};
  }
}

void make_disk(const fs::path& disk, uint64_t mib) {
  const int fd = open(disk.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return;
  const bool made = fd >= 0 && ftruncate(fd, static_cast<off_t>(mib << 20)) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (made) return;
  throw Failure{error == ENOSPC ? Exit::full : Exit::io,
                "cannot make the disk " + in_quotes(disk.string()),
                {std::strerror(error)},
                {"name another place: ukstore node boot --disk FILE"}};
}

uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool good = fd >= 0 && bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  if (fd >= 0) close(fd);
  if (good) return ntohs(address.sin_port);
  throw Failure{Exit::io,
                "no port of 127.0.0.1 is free",
                {std::strerror(errno)},
                {"name one: ukstore node boot --port N"}};
}

}  // namespace ukstore::cli
