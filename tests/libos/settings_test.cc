#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <vector>

#include <ukstore/libos/core/call_names.h>
#include <ukstore/libos/core/civil_time.h>
#include <ukstore/libos/core/mixing.h>
#include <ukstore/libos/core/settings.h>

namespace libos_test {
namespace {

using namespace ukstore::libos;

struct Parsed {
  explicit Parsed(std::string line) : text(std::move(line)) {
    text.push_back('\0');
    settings = parse_command_line(text.data(), text.size());
  }
  std::string text;
  Settings settings;
};

TEST(Settings, WordsBehindTheDashesAreArguments) {
  Parsed p("log=console stack=512 -- one \"two words\" a\\\"b log=ring");
  EXPECT_TRUE(p.settings.log_to_console);
  EXPECT_EQ(p.settings.stack_kib, 512u);
  ASSERT_EQ(p.settings.argument_count, 5u);
  EXPECT_STREQ(p.settings.arguments[1], "one");
  EXPECT_STREQ(p.settings.arguments[2], "two words");
  EXPECT_STREQ(p.settings.arguments[3], "a\"b");
  EXPECT_STREQ(p.settings.arguments[4], "log=ring");
  EXPECT_EQ(p.settings.error, "");
}

TEST(Settings, DevicesAreTakenFromAnywhere) {
  Parsed p("virtio_mmio.device=512@0xfeb00e00:12 -- x virtio_mmio.device=4K@0xd0000000:5");
  ASSERT_EQ(p.settings.mmio_count, 2u);
  EXPECT_EQ(p.settings.mmio[0].address, 0xfeb00e00u);
  EXPECT_EQ(p.settings.mmio[0].irq, 12u);
  EXPECT_EQ(p.settings.mmio[1].bytes, 4096u);
  EXPECT_EQ(p.settings.argument_count, 2u);
}

TEST(Settings, WhatMakesNoSenseIsNamed) {
  for (const std::string& word : std::vector<std::string>{
           "colour=red", "stack=many", "stack=1", "durability=maybe", "disk=relative",
           "cache=99999999999999999999", "virtio_mmio.device=4K@nowhere:5",
           "virtio_mmio.device=@:", "log", "seed=" + std::string(65, 'x')}) {
    EXPECT_EQ(Parsed(word + " -- argument").settings.error, word);
  }
}

TEST(Settings, OtherMonitorsWordsAreNoErrors) {
  Parsed p("reboot=k panic=1 pci=off nomodules i8042.noaux root=/dev/vda rw console=ttyS0");
  EXPECT_EQ(p.settings.error, "console=ttyS0");  // that one is ours: bytes of console
  EXPECT_EQ(Parsed("reboot=k panic=1 pci=off root=/dev/vda rw").settings.error, "");
}

TEST(Settings, AnyBytesAreTakenWithoutHarm) {
  std::mt19937_64 random(3);
  const std::string alphabet = "ab=\"\\ -@:0x9Kdevirtio_mmio.device=";
  for (int i = 0; i < 20000; ++i) {
    std::string line(random() % 60, ' ');
    for (char& c : line) c = alphabet[random() % alphabet.size()];
    Parsed p(line);
    EXPECT_GE(p.settings.argument_count, 1u);
  }
}

TEST(CallNames, NamesStandAtTheirNumbers) {
  EXPECT_EQ(call_name(0), "read");
  EXPECT_EQ(call_name(57), "fork");
  EXPECT_EQ(call_name(202), "futex");
  EXPECT_EQ(call_name(435), "clone3");
  EXPECT_EQ(call_name(400), "unnamed");
  EXPECT_EQ(call_name(100000), "unnamed");
}

TEST(CivilTime, RegistersAreADate) {
  // 2023-02-28 23:59:58, BCD, 24 hours: date -u -d @1677628798.
  EXPECT_EQ(seconds_since_1970({0x58, 0x59, 0x23, 0x28, 0x02, 0x23, 2}), 1677628798u);
  // 2000-02-29 12:00:00, binary, 12 hours, pm.
  EXPECT_EQ(seconds_since_1970({0, 0, 0x80 | 12, 29, 2, 0, 4}), 951825600u);
  EXPECT_EQ(seconds_since_1970({0, 0, 0, 1, 1, 70, 6}), 0u);
  EXPECT_FALSE(seconds_since_1970({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
}

std::string hex_of(std::span<const std::byte> bytes) {
  std::string text;
  for (std::byte b : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(b));
    text += digits;
  }
  return text;
}

// RFC 7693, appendix B.
TEST(Mixing, Blake2sOfAbc) {
  Blake2s hash;
  hash.add(std::as_bytes(std::span("abc", 3)));
  EXPECT_EQ(hex_of(hash.finish()),
            "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

// RFC 8439, section 2.3.2.
TEST(Mixing, ChaCha20Block) {
  std::array<std::byte, 32> key;
  for (size_t i = 0; i < 32; ++i) key[i] = static_cast<std::byte>(i);
  std::array<std::byte, 12> nonce{};
  nonce[3] = std::byte{0x09};
  nonce[7] = std::byte{0x4a};
  EXPECT_EQ(hex_of(chacha20_block(key, 1, nonce)).substr(0, 32),
            "10f1e7e4d13b5915500fdd1fa32071c4");
}

}  // namespace
}  // namespace libos_test
