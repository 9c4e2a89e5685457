// The protection invariant, read from outside: the machine is stopped at random moments, its memory
// dumped, and its page tables walked from CR3.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

#include "emulator.h"
#include "machine.h"

namespace boot_test {
namespace {

// QEMU's monitor protocol, as far as it is needed: one command, one answer.
class Monitor {
 public:
  explicit Monitor(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int tries = 0; tries < 12'000; ++tries) {
      if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
      poll(nullptr, 0, 5);
    }
    ask("{\"execute\":\"qmp_capabilities\"}");
  }
  ~Monitor() { close(socket_); }

  std::string ask(const std::string& command) {
    if (send(socket_, command.data(), command.size(), MSG_NOSIGNAL) < 0) return "";
    std::string answer;
    char byte;
    while (answer.find("\"return\"") == answer.npos && answer.find("\"error\"") == answer.npos) {
      answer.clear();
      while (read(socket_, &byte, 1) == 1 && byte != '\n') answer += byte;
      if (answer.empty()) return "";
    }
    return answer;
  }
  std::string human(const std::string& line) {
    return ask("{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"" + line +
               "\"}}");
  }

 private:
  int socket_;
};

uint64_t register_of(const std::string& text, const std::string& name) {
  size_t at = text.find(name + "=");
  return at == text.npos ? 0 : std::stoull(text.substr(at + name.size() + 1, 16), nullptr, 16);
}

// Addresses of symbols, by name as the linker knows them.
std::map<std::string, uint64_t> symbols_of(const std::string& image_name) {
  std::map<std::string, uint64_t> symbols;
  std::istringstream lines(run({"nm", "--defined-only", debug_image(image_name)}).out);
  std::string address, type, name;
  while (lines >> address >> type >> name) symbols[name] = std::stoull(address, nullptr, 16);
  return symbols;
}

struct Rights {
  bool writable = false, executable = false;
};

struct Walk {
  std::string memory;
  std::map<uint64_t, Rights> frames;  // over all mappings of each frame
  std::map<uint64_t, bool> tables;
  std::vector<std::string> broken;
  uint64_t leaves = 0;

  void table(uint64_t at, int level, bool writable, bool no_execute, bool user) {
    tables[at] = true;
    for (int i = 0; i < 512; ++i) {
      uint64_t entry = 0;
      if (at + 4096 > memory.size()) return broken.push_back("a table outside of memory");
      std::memcpy(&entry, memory.data() + at + i * 8, 8);
      if (!(entry & 1)) continue;
      bool w = writable && entry & 2, nx = no_execute || entry >> 63, u = user && entry & 4;
      uint64_t next = entry & 0x000ffffffffff000;
      if (level > 1) {
        if (entry & 128) return broken.push_back("a large page");
        table(next, level - 1, w, nx, u);
        continue;
      }
      ++leaves;
      Rights& rights = frames[next];
      rights.writable |= w;
      rights.executable |= !nx;
      if (u) broken.push_back("a user page");
    }
  }
};

std::vector<std::string> violations(Walk& walk, const std::map<std::string, uint64_t>& symbols) {
  std::vector<std::string> broken = walk.broken;
  auto say = [&](const char* what, uint64_t frame) {
    std::ostringstream text;
    text << what << " at " << std::hex << frame;
    broken.push_back(text.str());
  };
  for (auto [frame, rights] : walk.frames) {
    if (rights.writable && rights.executable) say("writable and executable", frame);
    if (rights.writable && walk.tables.count(frame)) say("writable page table", frame);
    if (rights.executable && frame >= symbols.at("libos_text_end"))
      say("executable beyond the text", frame);
  }
  for (auto [begin, end] : {std::pair("libos_image_start", "libos_rodata_end"),
                            std::pair("libos_sealed_start", "libos_sealed_end")}) {
    for (uint64_t at = symbols.at(begin) & ~4095ull; at < symbols.at(end); at += 4096) {
      if (walk.frames[at].writable) say("writable text, constant or descriptor table", at);
    }
  }
  return broken;
}

class Protection : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Boot, Protection, testing::Values("microvm", "q35"),
                         [](const auto& info) { return info.param; });

TEST_P(Protection, HoldsAtTwentyRandomMoments) {
  constexpr int kMoments = 20;
  constexpr uint64_t kMib = 48;
  Folder folder;
  auto symbols = symbols_of("probe");
  uint64_t pt_write = 0;
  for (const auto& [name, address] : symbols) {
    if (name.find("libos8pt_write") != name.npos && name.find('.') == name.npos) pt_write = address;
  }
  ASSERT_NE(pt_write, 0u);
  Boot machine{
      .image = "probe",
      .machine = GetParam(),
      .options = {"--memory", std::to_string(kMib), "--disk", folder.disk("disk", 32), "--qemu",
                  "-qmp", "--qemu", "unix:" + folder.path("qmp") + ",server=on,wait=off"},
      .arguments = {"disk=/disk", "repeat=1000"}};
  Emulator emulator(machine);
  emulator.wait_for_lines(1);  // the program runs
  auto running = std::async(std::launch::async, [&] { return emulator.finish(); });
  Monitor monitor(folder.path("qmp"));
  std::mt19937_64 random(42);
  uint64_t leaves = 0;
  for (int moment = 0; moment < kMoments; ++moment) {
    poll(nullptr, 0, static_cast<int>(random() % 120));
    monitor.ask("{\"execute\":\"stop\"}");
    std::string registers = monitor.human("info registers");
    std::string dump = folder.path("memory");
    monitor.ask("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":" +
                std::to_string(kMib << 20) + ",\"filename\":\"" + dump + "\"}}");
    monitor.ask("{\"execute\":\"cont\"}");
    std::ifstream in(dump, std::ios::binary);
    Walk walk{.memory = {std::istreambuf_iterator<char>(in), {}}};
    ASSERT_EQ(walk.memory.size(), kMib << 20) << registers;
    walk.table(register_of(registers, "CR3") & ~4095ull, 4, true, false, true);
    for (const std::string& broken : violations(walk, symbols)) ADD_FAILURE() << broken;
    EXPECT_TRUE(register_of(registers, "EFER") & 1u << 11) << "no-execute is off";
    if (!(register_of(registers, "CR0") & 1u << 16)) {
      uint64_t rip = register_of(registers, "RIP");
      EXPECT_TRUE(rip >= pt_write && rip < pt_write + 1024) << "WP is off outside of pt_write";
    }
    leaves += walk.leaves;
  }
  EXPECT_GT(leaves, kMoments * 3000u);
  monitor.ask("{\"execute\":\"quit\"}");
  running.wait();
}

}  // namespace
}  // namespace boot_test
