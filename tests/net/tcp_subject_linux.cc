// Linux as the subject: a TUN device in a network namespace, whose other end is the script.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ukstore/libos/net/wire/checksum.h>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <sstream>

#include "tcp_subject.h"

namespace ukstore::net::script {
namespace {

constexpr uint32_t kLinuxAddress = 0x0a4d0001;  // 10.77.0.1
constexpr uint32_t kPeerAddress = 0x0a4d0002;
constexpr size_t kIpBytes = 20;

std::string be16(uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v & 0xff)}; }
std::string be32(uint32_t v) { return be16(static_cast<uint16_t>(v >> 16)) + be16(v & 0xffff); }

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string ip_packet(uint8_t protocol, uint32_t from, uint32_t to, const std::string& body) {
  std::string header = std::string("\x45\x00", 2) +
                       be16(static_cast<uint16_t>(kIpBytes + body.size())) + be32(0x00004000) +
                       std::string{'\x40', static_cast<char>(protocol)} + be16(0) + be32(from) +
                       be32(to);
  header.replace(10, 2, be16(internet_checksum(bytes_of(header))));
  return header + body;
}

std::string tcp_packet(const TcpHeader& header, const std::string& payload) {
  std::string segment(header.wire_bytes(), '\0');
  header.emit(std::as_writable_bytes(std::span(segment)));
  segment += payload;
  Checksum sum;
  sum.add_u32(kPeerAddress);
  sum.add_u32(kLinuxAddress);
  sum.add_u16(IPPROTO_TCP);
  sum.add_u16(static_cast<uint16_t>(segment.size()));
  sum.add(bytes_of(segment));
  set_tcp_checksum(std::as_writable_bytes(std::span(segment)), sum.value());
  return ip_packet(IPPROTO_TCP, kPeerAddress, kLinuxAddress, segment);
}

sockaddr_in address_of(uint32_t address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  in.sin_port = htons(port);
  return in;
}

class LinuxSubject final : public Subject {
 public:
  explicit LinuxSubject(std::string& why) {
    if (unshare(CLONE_NEWNET) != 0) {
      why = std::string("no network namespace: ") + std::strerror(errno);
    } else {
      open_tunnel(why);
    }
    start_ = std::chrono::steady_clock::now();
  }
  ~LinuxSubject() override {
    for (int fd : {tunnel_, socket_, listener_}) {
      if (fd >= 0) ::close(fd);
    }
  }

  void configure(const std::string& key, const std::string& value) override {
    std::string flag = value == "off" ? "0" : "1";
    if (key == "sack") sysctl("tcp_sack", flag);
    if (key == "timestamps") sysctl("tcp_timestamps", flag);
    if (key == "scaling") sysctl("tcp_window_scaling", flag);
    if (key == "cookies") sysctl("tcp_syncookies", value == "off" ? "0" : "1");
    if (key == "synqueue") backlog_ = std::stoi(value);
    if (key == "congestion") sysctl("tcp_congestion_control", value);
    if (key == "rcvbuf") receive_buffer_ = std::stoi(value);
    if (key == "ratelimit") sysctl("tcp_invalid_ratelimit", value);
  }

  Time now() override {
    auto elapsed = std::chrono::steady_clock::now() - start_;
    return Time{} + std::chrono::duration_cast<Duration>(elapsed);
  }
  void advance(Time until) override {
    do receive(until);
    while (now() < until);
  }
  std::optional<Seen> next_out(Time until) override {
    while (out_.empty() && now() < until) receive(until);
    receive(now());
    if (out_.empty()) return std::nullopt;
    Seen seen = std::move(out_.front());
    out_.pop_front();
    return seen;
  }
  void inject(const TcpHeader& header, std::string payload, Batch) override {
    if (header.flags.ack) una_ = header.ack;
    send_packet(tcp_packet(header, payload));
  }

  std::string call(const Event& event) override;
  std::string read(size_t count) override {
    std::string bytes(count, '\0');
    pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, 20);
    ssize_t got = ::recv(socket_, bytes.data(), count, MSG_DONTWAIT);
    note_error(got);
    bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return bytes;
  }
  bool write(std::string bytes) override {
    ssize_t took = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    note_error(took);
    return took == static_cast<ssize_t>(bytes.size());
  }
  std::string state() override;
  bool end_of_stream() override {
    char byte;
    pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, 200);
    return ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }
  std::string failure() override;

  // This machine's clock is real, and the machine may be busy.
  Duration late() const override { return std::chrono::milliseconds(1500); }
  Duration early() const override { return std::chrono::milliseconds(30); }
  uint16_t local_port() const override { return 8080; }
  uint16_t remote_port() const override { return 40000; }

 private:
  void open_tunnel(std::string& why) {
    tunnel_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    std::strcpy(request.ifr_name, "script0");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (tunnel_ < 0 || ::ioctl(tunnel_, TUNSETIFF, &request) != 0) {
      why = std::string("no tunnel device: ") + std::strerror(errno);
      return;
    }
    sysctl("tcp_ecn", "0");
    sysctl("tcp_syn_linear_timeouts", "0");
    sysctl("tcp_no_metrics_save", "1");
    sysctl("tcp_congestion_control", "cubic");
    int control = ::socket(AF_INET, SOCK_DGRAM, 0);
    auto set_address = [&](unsigned long what, uint32_t address) {
      sockaddr_in in = address_of(address, 0);
      std::memcpy(&request.ifr_addr, &in, sizeof in);
      return ::ioctl(control, what, &request);
    };
    bool good = set_address(SIOCSIFADDR, kLinuxAddress) == 0;
    good = good && set_address(SIOCSIFNETMASK, 0xffffff00) == 0;
    good = good && ::ioctl(control, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags |= IFF_UP;
    good = good && ::ioctl(control, SIOCSIFFLAGS, &request) == 0;
    if (!good) why = std::string("no address for the tunnel: ") + std::strerror(errno);
    ::close(control);
  }

  static void sysctl(const std::string& name, const std::string& value) {
    std::ofstream("/proc/sys/net/ipv4/" + name) << value;
  }

  void send_packet(const std::string& packet) {
    if (::write(tunnel_, packet.data(), packet.size()) < 0) return;
  }

  // Takes what has come out of the tunnel, waiting until `until` for the first.
  void receive(Time until) {
    auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - now()).count();
    pollfd readable{.fd = tunnel_, .events = POLLIN, .revents = 0};
    timespec wait{.tv_sec = std::max<long>(left, 0) / 1'000'000,
                  .tv_nsec = std::max<long>(left, 0) % 1'000'000 * 1000};
    if (::ppoll(&readable, 1, &wait, nullptr) <= 0) return;
    char packet[65536];
    for (ssize_t got; (got = ::read(tunnel_, packet, sizeof packet)) > 0;) {
      take_packet({packet, static_cast<size_t>(got)});
    }
  }

  void take_packet(std::string_view packet) {
    if (packet.size() < kIpBytes || packet[0] != 0x45 || packet[9] != IPPROTO_TCP) return;
    std::string_view segment = packet.substr(kIpBytes);
    auto view = TcpView::check(std::as_bytes(std::span(segment.data(), segment.size())));
    if (!view) return;
    TcpHeader header = view->parse();
    out_.push_back({now(), header, std::string(segment.substr(view->header_bytes()))});
  }

  void note_error(ssize_t result) {
    if (result < 0 && errno != EAGAIN && error_ == 0) error_ = errno;
  }

  void icmp_error(uint8_t code, uint16_t mtu);

  int tunnel_ = -1;
  int socket_ = -1;
  int listener_ = -1;
  int backlog_ = 128;
  int receive_buffer_ = 0;
  int error_ = 0;
  bool active_ = false;
  SeqNumber una_;
  std::chrono::steady_clock::time_point start_;
  std::deque<Seen> out_;
};

void LinuxSubject::icmp_error(uint8_t code, uint16_t mtu) {
  std::string quoted = ip_packet(IPPROTO_TCP, kLinuxAddress, kPeerAddress,
                                 be16(local_port()) + be16(remote_port()) + be32(una_.value));
  std::string body =
      std::string{'\x03', static_cast<char>(code)} + be16(0) + be16(0) + be16(mtu) + quoted;
  body.replace(2, 2, be16(internet_checksum(bytes_of(body))));
  send_packet(ip_packet(IPPROTO_ICMP, kPeerAddress, kLinuxAddress, body));
}

std::string LinuxSubject::call(const Event& event) {
  const std::string& word = event.word;
  auto milliseconds = [&event](size_t i) {
    return static_cast<int>(std::stod(event.arguments.at(i)) * 1000);
  };
  auto set = [this](int level, int name, int value) {
    ::setsockopt(socket_, level, name, &value, sizeof value);
  };
  sockaddr_in local = address_of(kLinuxAddress, local_port());
  sockaddr_in remote = address_of(kPeerAddress, remote_port());
  int on = 1;
  if (word == "listen" || word == "connect") {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (receive_buffer_ > 0) {
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_, sizeof receive_buffer_);
    }
    if (::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return "no bind";
    active_ = word == "connect";
    (active_ ? socket_ : listener_) = fd;
    if (active_) {
      ::connect(fd, reinterpret_cast<sockaddr*>(&remote), sizeof remote);
    } else {
      ::listen(fd, backlog_);
    }
  } else if (word == "accept") {
    pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 500);
    socket_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return socket_ < 0 ? "nothing to accept" : "";
  } else if (word == "shutdown") {
    ::shutdown(socket_, SHUT_WR);
  } else if (word == "close" || word == "abort") {
    linger hard{.l_onoff = word == "abort" ? 1 : 0, .l_linger = 0};
    if (word == "abort") ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(socket_);
    socket_ = -1;
  } else if (word == "nodelay") {
    set(IPPROTO_TCP, TCP_NODELAY, 1);
  } else if (word == "keepalive") {
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, milliseconds(0) / 1000);
    set(IPPROTO_TCP, TCP_KEEPINTVL, milliseconds(1) / 1000);
    set(IPPROTO_TCP, TCP_KEEPCNT, std::stoi(event.arguments.at(2)));
  } else if (word == "usertimeout") {
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds(0));
  } else if (word == "toobig") {
    icmp_error(4, static_cast<uint16_t>(std::stoi(event.arguments.at(0)) + 40));
  } else if (word == "unreachable") {
    icmp_error(1, 0);
  } else {
    return "unknown call " + word;
  }
  return "";
}

std::string LinuxSubject::state() {
  constexpr const char* kStates[] = {
      "?",      "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT",
      "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",       "CLOSING",    "SYN-RECEIVED"};
  std::ifstream table("/proc/thread-self/net/tcp");
  std::string found = listener_ >= 0 && socket_ < 0 ? "LISTEN" : "CLOSED";
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream in(line);
    std::string slot, local, remote, state;
    in >> slot >> local >> remote >> state;
    if (remote.ends_with(":9C40") && state != "0A")
      found = kStates[std::stoul(state, nullptr, 16) % 13];
  }
  return found;
}

std::string LinuxSubject::failure() {
  int pending = 0;
  socklen_t size = sizeof pending;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &pending, &size);
  if (error_ == 0) error_ = pending;
  switch (error_) {
    case 0:
      return "none";
    case ECONNRESET:
    case EPIPE:
      return "reset";
    case ECONNREFUSED:
      return "refused";
    case ETIMEDOUT:
      return "timed out";
    case EHOSTUNREACH:
    case ENETUNREACH:
      return "unreachable";
    default:
      return std::strerror(error_);
  }
}

}  // namespace

std::unique_ptr<Subject> make_linux_subject(std::string& why) {
  auto subject = std::make_unique<LinuxSubject>(why);
  if (!why.empty()) return nullptr;
  return subject;
}

}  // namespace ukstore::net::script
