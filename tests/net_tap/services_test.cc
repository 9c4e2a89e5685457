#include "probe.h"

#include <unistd.h>

// The probe on a TAP, as the tools of every day see it.

namespace ukstore::net {
namespace {

class Services : public ProbeTest, public testing::WithParamInterface<bool> {
 protected:
  bool start_either(std::vector<std::string> more = {}) {
    return start(GetParam() ? Header::virtio : Header::plain, std::move(more));
  }
};

INSTANTIATE_TEST_SUITE_P(Tap, Services, testing::Values(true, false), [](const auto& info) {
  return info.param ? "WithVirtioHeader" : "Plain";
});

void expect_works(const std::string& command, const std::string& expected) {
  CommandResult result = run_command(command);
  EXPECT_EQ(result.status, 0) << command << '\n' << result.output;
  EXPECT_NE(result.output.find(expected), std::string::npos) << command << '\n' << result.output;
}

TEST_P(Services, PingIsAnsweredOverBothFamiliesAndInFragments) {
  if (!has("ping")) GTEST_SKIP() << "needs ping";
  ASSERT_TRUE(start_either());
  expect_works("ping -c 3 -i 0.02 -w 5 10.9.0.2", " 0% packet loss");
  expect_works("ping -c 2 -i 0.02 -w 5 -s 8000 10.9.0.2", " 0% packet loss");
  // The first of these waits until duplicate detection has ended.
  expect_works("ping -c 1 -w 5 fd09::2", "1 received");
  expect_works("ping -c 2 -i 0.02 -w 5 -s 8000 fd09::2", " 0% packet loss");
}

TEST_P(Services, CurlFetchesAPage) {
  if (!has("curl")) GTEST_SKIP() << "needs curl";
  ASSERT_TRUE(start_either());
  expect_works("curl -s -S -m 10 http://10.9.0.2/", "stack of its own");
  expect_works(
      "curl -s -m 10 -o /dev/null -w '%{http_code} %{size_download}' "
      "http://10.9.0.2/bytes/5000000",
      "200 5000000");
  expect_works("curl -s -m 10 -o /dev/null -w '%{http_code}' http://10.9.0.2/none", "404");
  expect_works("ping -c 1 -w 5 fd09::2 && curl -g -s -S -m 10 'http://[fd09::2]/'",
               "stack of its own");
}

TEST_P(Services, NetcatHearsItsEchoOverTcpAndUdp) {
  if (!has("nc")) GTEST_SKIP() << "needs nc";
  ASSERT_TRUE(start_either());
  expect_works("echo over tcp | nc -N -w 5 10.9.0.2 7", "over tcp");
  expect_works("echo over udp | nc -u -W 1 -w 5 10.9.0.2 7", "over udp");
  expect_works("nc -z -w 2 10.9.0.2 6; test $? -eq 1 && echo refused", "refused");
  expect_works("nc -w 5 10.9.0.2 19 < /dev/null | head -c 1000000 | wc -c", "1000000");
  expect_works("printf '10\\n3\\n' | nc -N -w 5 10.9.0.2 5000", "xxxxxxxxxxxxx");
}

TEST_P(Services, IperfMovesAQuarterOfAGibibyteEachWay) {
  if (!has("iperf3")) GTEST_SKIP() << "needs iperf3";
  ASSERT_TRUE(start_either());
  expect_works("timeout 40 iperf3 -c 10.9.0.2 -n 256M", "iperf Done");
  expect_works("timeout 40 iperf3 -c 10.9.0.2 -n 256M -R", "iperf Done");
  expect_works("timeout 40 iperf3 -c 10.9.0.2 -n 64M -P 4", "iperf Done");
}

TEST_P(Services, TsharkFindsNothingMalformed) {
  if (!has("tshark") || !has("curl")) GTEST_SKIP() << "needs tshark and curl";
  std::string path = testing::TempDir() + "/ukstore_" + std::to_string(::getpid()) + ".pcap";
  ASSERT_TRUE(start_either({"--pcap", path}));
  expect_works("curl -s -S -m 10 -o /dev/null http://10.9.0.2/bytes/2000000", "");
  expect_works("head -c 2000000 /dev/zero | nc -N -w 5 10.9.0.2 9", "");
  expect_works("ping -c 1 -w 5 fd09::2", "1 received");
  expect_works("ping -c 1 -w 5 -s 4000 fd09::2", "1 received");
  expect_works("curl -g -s -S -m 10 -o /dev/null 'http://[fd09::2]/bytes/2000000'", "");
  EXPECT_EQ(probe_->stop(), 0);
  std::string read = "tshark -n -r " + path +
                     " -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE"
                     " -o udp.check_checksum:TRUE -Y ";
  CommandResult all = run_command(read + "'tcp' 2>/dev/null | wc -l");
  EXPECT_GT(std::stol(all.output), 100) << all.output;
  // A kernel that sees our acknowledgment late on a busy machine may probe; we must not.
  CommandResult wrong = run_command(
      read +
      "'_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 ||"
      " udp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0 ||"
      " tcp.analysis.lost_segment || (!(ip.src == 10.9.0.1) && !(ipv6.src == fd09::1) &&"
      " (tcp.analysis.retransmission || tcp.analysis.out_of_order))' 2>/dev/null");
  EXPECT_EQ(wrong.output, "");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace ukstore::net
