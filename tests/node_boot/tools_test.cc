// The tools of every day against a node as a machine.

#include "nodes.h"

#include <signal.h>

namespace node_boot {
namespace {

using boot_test::shell;

class Tools : public OnTap {
 protected:
  static bool has(const std::string& program) { return shell("command -v " + program).code == 0; }
};

TEST_F(Tools, PingCurlAndTsharkFindAMachineInOrder) {
  for (const char* program : {"ping", "curl", "tshark"}) {
    if (!has(program)) GTEST_SKIP() << "needs " << program;
  }
  const std::string store = folder_.path("store"), capture = folder_.path("capture.pcap");
  ukstore_says(store, {"init"});
  ukstore_says(store, {"set", "a/b", "c"});
  // Without offloads each frame is on the wire as it was checked.
  std::vector<std::string> plain;
  for (const char* feature :
       {"csum", "guest_csum", "host_tso4", "host_tso6", "guest_tso4", "guest_tso6"}) {
    plain.insert(plain.end(), {"--qemu", "-global", "--qemu",
                               "virtio-net-device." + std::string(feature) + "=off"});
  }
  Child tshark({"tshark", "-i", "tap0", "-w", capture, "-F", "pcap", "-q"});
  ASSERT_TRUE(tshark.line_after("Capturing on")) << tshark.text();
  Node machine(machine_command({.disk = folder_.disk("disk", 64),
                                .settings = at_machine({"--strangers", "merge"}),
                                .options = plain}));
  auto ping = shell("ping -c 3 -i 0.02 -w 60 10.9.0.2 && ping -c 2 -i 0.02 -w 60 -s 8000 10.9.0.2");
  EXPECT_EQ(ping.code, 0) << ping.out;
  auto curl = shell("curl -s -S -m 90 -w '%{http_code}' http://" + std::string(kMachineMetrics) +
                    "/metrics");
  EXPECT_TRUE(curl.out.ends_with("\n200")) << curl.out << curl.errors;
  EXPECT_NE(curl.out.find("ukstore_disk_flushes_total "), curl.out.npos) << curl.out;
  auto none = shell("curl -s -m 90 -o /dev/null -w '%{http_code}' http://" +
                    std::string(kMachineMetrics) + "/");
  EXPECT_EQ(none.out, "404");
  auto body = shell("curl -s -m 90 -o /dev/null -d x -w '%{http_code}' http://" +
                    std::string(kMachineMetrics) + "/metrics");
  EXPECT_EQ(body.out, "400");
  {
    Node process(ukstore(store, {"node", "run", "--listen", "127.0.0.1:0", "--peer",
                                 "uk://" + machine.fingerprint + "@" + kMachine}));
    EXPECT_TRUE(becomes([] { return place_of(kMachineMetrics).has_value(); }));
    process.child.signal(SIGTERM);
    EXPECT_EQ(process.child.wait(), 0);
  }
  machine.child.write("stop\n");
  machine.child.wait();
  tshark.signal(SIGINT);
  tshark.wait();

  const std::string read =
      "tshark -n -r " + capture + " -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y ";
  auto all = shell(read + "'tcp && ip.src == 10.9.0.2' 2>/dev/null | wc -l");
  EXPECT_GT(std::stol(all.out), 20) << all.out;
  RecordProperty("segments", all.out);
  // A machine under emulation may probe: on a busy host an acknowledgment comes late.
  auto wrong = shell(read +
                     "'_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 ||"
                     " icmp.checksum.status == 0' 2>/dev/null");
  EXPECT_EQ(wrong.out, "");
}

}  // namespace
}  // namespace node_boot
