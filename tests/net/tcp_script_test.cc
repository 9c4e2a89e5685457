// Every script of tests/net/scripts: against our connection, our whole stack, and Linux.

#include <gtest/gtest.h>

#include <thread>

#include "tcp_script.h"
#include "tcp_subject.h"

namespace ukstore::net::script {
namespace {

class Scripts : public testing::TestWithParam<Script> {};

TEST_P(Scripts, HoldsOnThePureConnection) {
  auto subject = make_pure_subject();
  EXPECT_EQ(play(GetParam(), *subject), "");
}

// With a device that cuts and sums, and with one that does neither.
TEST_P(Scripts, HoldsOnTheWholeStack) {
  for (bool offload : {true, false}) {
    Caps caps{
        .checksum_tx = offload, .checksum_rx_trusted = offload, .tso4 = offload, .tso6 = offload};
    auto subject = make_stack_subject(caps);
    EXPECT_EQ(play(GetParam(), *subject), "") << (offload ? "with" : "without") << " offload";
  }
}

std::string test_name(const testing::TestParamInfo<Script>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tcp, Scripts, testing::ValuesIn(all_scripts()), test_name);

std::vector<Script> linux_scripts() {
  std::vector<Script> scripts;
  for (Script& script : all_scripts()) {
    if (script.same_on_linux()) scripts.push_back(std::move(script));
  }
  return scripts;
}

class LinuxScripts : public testing::TestWithParam<Script> {};

TEST_P(LinuxScripts, HoldsOnLinux) {
  std::string why;
  std::string result;
  // Its clock is real and this machine may be busy: what timing alone broke holds another time.
  for (int tries = 0; tries < 4 && why.empty() && (tries == 0 || !result.empty()); ++tries) {
    // The namespace belongs to a thread, so that the rest of the process keeps its network.
    std::thread([&] {
      auto subject = make_linux_subject(why);
      if (subject) result = play(GetParam(), *subject);
    }).join();
  }
  if (!why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(result, "");
}

INSTANTIATE_TEST_SUITE_P(Tcp, LinuxScripts, testing::ValuesIn(linux_scripts()), test_name);

TEST(TcpScriptSet, AtLeastFortyScriptsAreTheSameOnLinux) { EXPECT_GE(linux_scripts().size(), 40U); }

}  // namespace
}  // namespace ukstore::net::script
