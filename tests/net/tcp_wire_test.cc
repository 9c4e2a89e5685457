// TCP segments and checksums against literal packets.

#include <gtest/gtest.h>

#include <ukstore/libos/net/wire/checksum.h>
#include <ukstore/libos/net/wire/tcp.h>
#include <random>
#include <vector>

namespace ukstore::net {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

// A SYN as Linux sends it.
const std::vector<std::byte> kSyn =
    bytes({0x9c, 0x40, 0x1f, 0x90, 0x12, 0x34, 0x56, 0x78, 0,    0,    0,    0,    0xa0, 0x02,
           0xfa, 0xf0, 0,    0,    0,    0,    0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a,
           0,    0,    0x03, 0xe8, 0,    0,    0,    0,    0x01, 0x03, 0x03, 0x07});

TEST(TcpWire, ParsesALinuxSyn) {
  auto view = TcpView::check(kSyn);
  ASSERT_TRUE(view);
  TcpHeader header = view->parse();
  EXPECT_EQ(header.source_port, 40000);
  EXPECT_EQ(header.destination_port, 8080);
  EXPECT_EQ(header.seq, SeqNumber{0x12345678});
  EXPECT_EQ(header.flags, TcpFlags{.syn = true});
  EXPECT_EQ(header.options.mss, 1460);
  EXPECT_EQ(header.options.window_shift, 7);
  EXPECT_TRUE(header.options.sack_permitted);
  EXPECT_EQ(header.options.timestamps, (Timestamps{1000, 0}));
  EXPECT_EQ(to_string(header, 0),
            "Flags [S], seq 305419896, win 64240, options [mss 1460,sackOK,TS val 1000 ecr "
            "0,wscale 7], length 0");
}

TEST(TcpWire, EmitsWhatLinuxSends) {
  std::vector<std::byte> out(TcpHeader::kBytesMax);
  out.resize(TcpView::check(kSyn)->parse().emit(out));
  EXPECT_EQ(out, kSyn);
}

TEST(TcpWire, EmitsSackBesideTimestamps) {
  TcpHeader header{.seq = {1}, .ack = {2}, .flags = {.ack = true}};
  header.options.timestamps = Timestamps{3, 4};
  for (uint32_t i = 0; i < 3; ++i) header.options.sack.push({{i}, {i + 1}});
  std::vector<std::byte> out(TcpHeader::kBytesMax);
  EXPECT_EQ(header.emit(out), 60U);
  EXPECT_EQ(TcpView::check(out)->parse(), header);
}

TEST(TcpWire, RefusesShortHeaders) {
  for (size_t size = 0; size < kSyn.size(); ++size) {
    EXPECT_FALSE(TcpView::check(std::span(kSyn).first(size))) << size;
  }
  auto small_offset = kSyn;
  small_offset[12] = std::byte{0x40};
  EXPECT_FALSE(TcpView::check(small_offset));
}

// RFC 9293: MUST-4 (any order, in any segment), MUST-6 (unknown kinds), MUST-7 (bad lengths).
TEST(TcpWire, SurvivesOptionsThatAreUnknownOrBroken) {
  auto with = [](std::initializer_list<int> options) {
    std::vector<std::byte> out(kSyn.begin(), kSyn.begin() + 20);
    for (int value : options) out.push_back(static_cast<std::byte>(value));
    while (out.size() % 4) out.push_back(std::byte{0});
    out[12] = static_cast<std::byte>(out.size() / 4 << 4);
    return TcpView::check(out)->parse().options;
  };
  EXPECT_EQ(with({99, 6, 1, 2, 3, 4, 2, 4, 2, 0}).mss, 512);
  EXPECT_EQ(with({1, 1, 1, 2, 4, 2, 0}).mss, 512);
  EXPECT_FALSE(with({0, 2, 4, 2, 0}).mss);
  EXPECT_FALSE(with({99, 0, 2, 4, 2, 0}).mss);
  EXPECT_FALSE(with({99, 1, 2, 4, 2, 0}).mss);
  EXPECT_FALSE(with({2, 40, 2, 0}).mss);
  EXPECT_FALSE(with({2, 3, 2}).mss);
}

TEST(Checksum, MatchesTheExampleOfRfc1071) {
  Checksum sum;
  sum.add(bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}));
  EXPECT_EQ(sum.partial(), 0xddf2);
}

TEST(Checksum, DoesNotCareHowTheBytesAreCut) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 1000; ++run) {
    std::vector<std::byte> data(random() % 200);
    for (std::byte& each : data) each = static_cast<std::byte>(random() % 4 ? random() : 0xff);
    uint32_t naive = 0;
    for (size_t i = 0; i < data.size(); ++i) {
      naive += std::to_integer<uint32_t>(data[i]) << (i % 2 ? 0 : 8);
      naive = (naive & 0xffff) + (naive >> 16);
    }
    Checksum sum;
    for (size_t at = 0; at < data.size();) {
      size_t piece = std::min<size_t>(1 + random() % 30, data.size() - at);
      sum.add(std::span(data).subspan(at, piece));
      at += piece;
    }
    EXPECT_EQ(sum.partial(), naive);
    EXPECT_EQ(internet_checksum(data), static_cast<uint16_t>(~naive));
  }
}

TEST(SeqNumber, ComparesAcrossTheWrap) {
  SeqNumber high{0xffff'fff0};
  EXPECT_TRUE(before(high, high + 32));
  EXPECT_FALSE(before(high + 32, high));
  EXPECT_EQ(distance(high, high + 32), 32);
  EXPECT_EQ(distance(high + 32, high), -32);
  EXPECT_TRUE(within({5}, high, 32));
  EXPECT_FALSE(within({16}, high, 32));
}

}  // namespace
}  // namespace ukstore::net
