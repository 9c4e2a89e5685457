// The settings of a node: one schema, and its page.

#include <ukstore/images/node/config.h>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace ukstore::node {
namespace {

const std::string kKey(64, 'a');

std::string complaint(std::vector<std::string> words) {
  auto config = parse_config(words);
  if (config) return "";
  EXPECT_EQ(config.error().kind, Error::Kind::invalid);
  return config.error().message;
}

TEST(Config, WithoutWordsTheStandardsHold) {
  auto config = parse_config({});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, "*:7420");
  EXPECT_EQ(config->metrics, "");
  EXPECT_EQ(config->branches, std::vector<Bytes>{"main"});
  EXPECT_EQ(config->strangers, Right::none);
  EXPECT_EQ(config->connections_max, 256u);
}

TEST(Config, BothWaysToGiveAValueAreTheSameAndTheLastOneCounts) {
  const std::vector<std::string> words = {"--listen",
                                          "10.0.0.1:1",
                                          "--listen=10.0.0.1:2",
                                          "--branch",
                                          "a",
                                          "--branch=b",
                                          "--peer",
                                          "uk://" + kKey + "@h:3",
                                          "--address",
                                          "10.9.0.2/24",
                                          "--strangers=read",
                                          "--dhcp",
                                          "on"};
  auto config = parse_config(words);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, "10.0.0.1:2");
  EXPECT_EQ(config->branches, (std::vector<Bytes>{"a", "b"}));
  ASSERT_EQ(config->peers.size(), 1u);
  EXPECT_EQ(config->peers[0].host_and_port, "h:3");
  EXPECT_EQ(config->trusted, std::vector<Bytes>{kKey}) << "a peer may merge";
  EXPECT_EQ(config->addresses.size(), 1u);
  EXPECT_EQ(config->strangers, Right::read);
  EXPECT_EQ(config->dhcp, net::Dhcp::on);
}

TEST(Config, AnUnknownSettingNamesTheNearest) {
  EXPECT_EQ(complaint({"--lisen", "x"}), "there is no setting --lisen; the nearest is --listen");
  EXPECT_EQ(complaint({"--qqqqqqqq=1"}), "there is no setting --qqqqqqqq");
  EXPECT_NE(complaint({"listen"}).find("is no setting"), std::string::npos);
  EXPECT_NE(complaint({"--listen"}).find("wants a value: HOST:PORT"), std::string::npos);
}

TEST(Config, AValueThatMakesNoSenseIsNamedWithTheReason) {
  for (const auto& [word, why] : std::vector<std::pair<std::string, std::string>>{
           {"--listen=7420", "HOST:PORT"},
           {"--metrics=uk://x", "HOST:PORT"},
           {"--peer=uk://h:1", "fingerprint is missing"},
           {"--peer=h:1", "uk://"},
           {"--trust=abc", "64 lower-case hex digits"},
           {"--strangers=all", "none|read|merge"},
           {"--connections=many", "no number"},
           {"--stop-after=1s", "no number"},
           {"--address=10.9.0.2", "ADDRESS/BITS"},
           {"--gateway=router", "no address"},
           {"--dhcp=yes", "on|off"},
           {"--branch=/", ""}}) {
    const std::string text = complaint({word});
    EXPECT_NE(text.find(word.substr(0, word.find('='))), std::string::npos) << word << ": " << text;
    EXPECT_NE(text.find(why), std::string::npos) << word << ": " << text;
  }
}

TEST(Config, APeerWithoutFingerprintIsTakenIfNewKeysAre) {
  EXPECT_EQ(complaint({"--peer=uk://h:1", "--trust-new=on"}), "");
}

TEST(Config, NothingSecretIsReadFromTheCommandLine) {
  for (const Setting& setting : settings()) {
    EXPECT_EQ(setting.secrecy, Secrecy::open) << setting.name;
    EXPECT_FALSE(setting.meaning.empty()) << setting.name;
  }
}

TEST(Config, ThePageHasTheSchema) {
  std::ifstream in(std::string(UKSTORE_SOURCE_DIR) + "/docs/node.md");
  const std::string page(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(page.find("\n" + describe_settings()), std::string::npos)
      << "put this into docs/node.md:\n"
      << describe_settings();
}

}  // namespace
}  // namespace ukstore::node
