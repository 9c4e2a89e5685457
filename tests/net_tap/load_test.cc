#include "probe.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ukstore/tests/counts.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>

// Many connections: at once, one after another, and half ones; and many bytes on one.

namespace ukstore::net {
namespace {

class Load : public ProbeTest {};

bool write_all(int fd, const std::string& text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string read_some(int fd, size_t bytes) {
  std::string text(bytes, '\0');
  ssize_t got = ::recv(fd, text.data(), bytes, MSG_WAITALL);
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return text;
}

TEST_F(Load, AThousandConnectionsAtOnceAllHearTheirEcho) {
  rlimit files{4096, 4096};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_TRUE(start(Header::virtio, {"--time-wait", "1"}));
  std::vector<int> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(connect_to(7));
    ASSERT_GE(all.back(), 0) << i;
  }
  for (size_t i = 0; i < all.size(); ++i)
    ASSERT_TRUE(write_all(all[i], "number " + std::to_string(1000 + i)));
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(read_some(all[i], 11), "number " + std::to_string(1000 + i));
  EXPECT_EQ(reported("connections"), 1001);  // and the one that asks
  for (int fd : all) ::close(fd);
}

// A stream that the other end sends back, so that all of it passes both ways and each byte is held
// against what was sent.  256 MiB; 10 GB at full counts.
TEST_F(Load, AStreamComesBackAsItWasSent) {
  const auto total = static_cast<uint64_t>(tests::count(256, 9537)) << 20;
  // A length that no segment, window or buffer divides.
  std::string pattern(1'000'003, '\0');
  std::mt19937_64 random(3);
  for (char& c : pattern) c = static_cast<char>(random());
  ASSERT_TRUE(start(Header::virtio));
  int fd = connect_to(7);
  ASSERT_GE(fd, 0);
  std::thread writer([&] {
    for (uint64_t sent = 0; sent < total;) {
      size_t at = sent % pattern.size();
      size_t length = std::min<uint64_t>(pattern.size() - at, total - sent);
      ssize_t done = ::send(fd, pattern.data() + at, length, MSG_NOSIGNAL);
      if (done <= 0) return;
      sent += static_cast<uint64_t>(done);
    }
    ::shutdown(fd, SHUT_WR);
  });
  uint64_t received = 0;
  bool same = true;
  std::string buffer(1 << 18, '\0');
  while (same) {
    size_t at = received % pattern.size();
    ssize_t got = ::recv(fd, buffer.data(), std::min(buffer.size(), pattern.size() - at), 0);
    if (got <= 0) break;
    same = std::memcmp(buffer.data(), pattern.data() + at, static_cast<size_t>(got)) == 0;
    received += static_cast<uint64_t>(got);
  }
  ::shutdown(fd, SHUT_RDWR);
  writer.join();
  ::close(fd);
  EXPECT_TRUE(same) << "before byte " << received;
  EXPECT_EQ(received, total);
}

TEST_F(Load, TenThousandShortConnectionsLeaveNothingBehind) {
  ASSERT_TRUE(start(Header::virtio, {"--time-wait", "1"}));
  for (int i = 0; i < 10'000; ++i) {
    int fd = connect_to(7);
    ASSERT_GE(fd, 0) << i;
    ASSERT_TRUE(write_all(fd, "x"));
    ASSERT_EQ(read_some(fd, 1), "x") << i;
    ::close(fd);
  }
  // The last ones may still be closing; each look takes a round trip or two.
  long connections = 0, held_bytes = 0;
  for (int looks = 0; looks < 200; ++looks) {
    connections = reported("connections").value_or(-1);
    held_bytes = reported("held_bytes").value_or(-1);
    if (connections <= 2 && held_bytes < 4096) break;
  }
  EXPECT_LE(connections, 2);    // the one that asks, and the last one that asked
  EXPECT_LT(held_bytes, 4096);  // the last answer may still be on its way to whoever asked
  EXPECT_GE(reported("opened").value_or(0), 10'000);
}

uint16_t sum16(const uint8_t* bytes, size_t count) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < count; i += 2)
    sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// A SYN from an address that will never answer.
std::vector<uint8_t> forged_syn(uint32_t source, uint16_t source_port) {
  struct {
    uint32_t source, destination;
    uint8_t zero = 0, protocol = IPPROTO_TCP;
    uint16_t length = htons(sizeof(tcphdr));
  } pseudo{htonl(source), inet_addr("10.9.0.2")};
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = 64;
  ip.protocol = IPPROTO_TCP;
  ip.saddr = pseudo.source;
  ip.daddr = pseudo.destination;
  ip.tot_len = htons(sizeof(iphdr) + sizeof(tcphdr));
  tcphdr tcp{};
  tcp.source = htons(source_port);
  tcp.dest = htons(7);
  tcp.seq = htonl(source * 7);
  tcp.doff = 5;
  tcp.syn = 1;
  tcp.window = htons(1000);
  std::vector<uint8_t> summed(sizeof pseudo + sizeof tcp);
  std::memcpy(summed.data(), &pseudo, sizeof pseudo);
  std::memcpy(summed.data() + sizeof pseudo, &tcp, sizeof tcp);
  tcp.check = htons(sum16(summed.data(), summed.size()));
  std::vector<uint8_t> packet(sizeof ip + sizeof tcp);
  std::memcpy(packet.data(), &ip, sizeof ip);
  std::memcpy(packet.data() + sizeof ip, &tcp, sizeof tcp);
  return packet;
}

TEST_F(Load, AGoodClientGetsThroughTenThousandHalfOpenOnes) {
  ASSERT_TRUE(start(Header::virtio));
  int raw = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  ASSERT_GE(raw, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = inet_addr("10.9.0.2");
  for (uint32_t i = 0; i < 10'000; ++i) {
    std::vector<uint8_t> packet = forged_syn(0x0a4d0000 + i, static_cast<uint16_t>(1024 + i));
    ASSERT_GT(
        ::sendto(raw, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
        0);
  }
  ::close(raw);
  int fd = connect_to(7);
  ASSERT_GE(fd, 0);
  ASSERT_TRUE(write_all(fd, "still here"));
  EXPECT_EQ(read_some(fd, 10), "still here");
  ::close(fd);
  std::optional<long> half_open = reported("half_open");
  ASSERT_TRUE(half_open);
  EXPECT_GT(*half_open, 0);
  EXPECT_LE(*half_open, 1024);
}

}  // namespace
}  // namespace ukstore::net
