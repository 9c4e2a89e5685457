// virtio-net with every subset of its features, and against frames that lie.

#include <gtest/gtest.h>

#include <random>

#include <ukstore/libos/core/virtio/net.h>

#include "fake_device.h"
#include "host_machine.h"

namespace libos_test {
namespace {

using namespace ukstore::libos;

constexpr uint64_t kMrg = 1u << 15;

class FakeNet {
 public:
  explicit FakeNet(uint64_t features) {
    transport.device_kind = DeviceKind::net;
    transport.features |= features;
    transport.config_bytes = {0x52, 0x54, 0, 1, 2, 3, 1, 0, 0, 0, 0xdc, 0x05};
  }
  FakeTransport transport;

  // Puts a frame (header and bytes) into the driver's buffers; false if they do not suffice.
  bool deliver(const std::string& frame, std::optional<uint16_t> claimed_buffers = std::nullopt) {
    DeviceQueue& queue = transport.queues[0];
    size_t at = 0, used = 0;
    std::vector<std::pair<uint16_t, uint32_t>> filled;
    std::byte* first = nullptr;
    while (at < frame.size()) {
      auto head = queue.next();
      if (!head) return false;
      ChainPart part = queue.chain(*head)[0];
      size_t bytes = std::min<size_t>(part.size, frame.size() - at);
      std::memcpy(part.bytes, frame.data() + at, bytes);
      if (!first) first = part.bytes;
      filled.emplace_back(*head, bytes);
      at += bytes;
      ++used;
    }
    uint16_t count = claimed_buffers.value_or(static_cast<uint16_t>(used));
    std::memcpy(first + 10, &count, 2);
    for (auto [head, bytes] : filled) queue.put_used(head, bytes);
    return true;
  }
  // The frames that the driver has sent.
  std::vector<std::string> sent() {
    std::vector<std::string> frames;
    DeviceQueue& queue = transport.queues[1];
    while (auto head = queue.next()) {
      std::string frame;
      for (const ChainPart& part : queue.chain(*head)) {
        EXPECT_FALSE(part.device_writes);
        frame.append(reinterpret_cast<char*>(part.bytes), part.size);
      }
      frames.push_back(frame);
      queue.put_used(*head, 0);
    }
    return frames;
  }
};

class NetTest : public testing::Test {
 protected:
  void TearDown() override { free_dma_pages(); }
  std::string receive(VirtioNet& net) {
    std::string out(kNetFrameMax, 0);
    out.resize(net.receive(std::as_writable_bytes(std::span(out))));
    return out;
  }
};

std::string frame_of(size_t bytes, char fill) {
  return std::string(12, 0) + std::string(bytes, fill);
}

TEST_F(NetTest, EverySubsetOfFeaturesCarriesFramesBothWays) {
  const uint64_t bits[] = {1u << 0, 1u << 1,  1u << 3,  1u << 5,  1u << 7,
                           1u << 8, 1u << 11, 1u << 12, 1u << 15, 1u << 16};
  for (unsigned subset = 0; subset < 1024; ++subset) {
    uint64_t features = 0;
    for (int i = 0; i < 10; ++i) features |= subset >> i & 1 ? bits[i] : 0;
    FakeNet device(features);
    VirtioNet net;
    ASSERT_TRUE(net.start(device.transport));
    uint64_t agreed = device.transport.accepted;
    ASSERT_EQ(agreed & ~(features | feature::kVersion1), 0u);
    if (agreed & (1u << 7 | 1u << 8)) {
      ASSERT_TRUE(agreed & 1u << 1 && agreed & kMrg);
    }
    if (agreed & (1u << 11 | 1u << 12)) {
      ASSERT_TRUE(agreed & 1u << 0);
    }
    size_t large = agreed & kMrg ? 60000 : 1514;
    ASSERT_TRUE(device.deliver(frame_of(large, 'i')));
    std::string in = receive(net);
    ASSERT_EQ(in.size(), large + 12);
    ASSERT_EQ(in.substr(12), std::string(large, 'i'));
    std::string header(12, 0), body(1400, 'o');
    NetPiece pieces[] = {{header.data(), 12}, {body.data(), 700}, {body.data() + 700, 700}};
    ASSERT_TRUE(net.send(pieces));
    auto out = device.sent();
    ASSERT_EQ(out.size(), 1u);
    ASSERT_EQ(out[0], header + body);
    free_dma_pages();
  }
}

TEST_F(NetTest, InfoSaysWhatWasAgreed) {
  FakeNet device(1u << 0 | 1u << 3 | 1u << 5 | 1u << 11 | kMrg | 1u << 16);
  VirtioNet net;
  ASSERT_TRUE(net.start(device.transport));
  NetInfo info = net.info();
  EXPECT_EQ(info.mac[1], 0x54);
  EXPECT_EQ(info.mtu, 1500);
  EXPECT_EQ(info.offloads, kNetSendChecksum | kNetSendTcp4 | kNetMergedBuffers);
  EXPECT_TRUE(info.link_up);
}

TEST_F(NetTest, AFrameThatClaimsTooManyBuffersIsDroppedAndTheNextOneComes) {
  FakeNet device(kMrg);
  VirtioNet net;
  ASSERT_TRUE(net.start(device.transport));
  for (uint16_t claim : {uint16_t{0}, uint16_t{5}, uint16_t{60000}}) {
    uint64_t faults = net.faults();
    ASSERT_TRUE(device.deliver(frame_of(100, 'x'), claim));
    EXPECT_EQ(receive(net), "");
    EXPECT_GT(net.faults(), faults);
    ASSERT_TRUE(device.deliver(frame_of(100, 'y')));
    EXPECT_EQ(receive(net), frame_of(100, 'y').replace(10, 1, "\1"));
  }
}

TEST_F(NetTest, AFrameWithoutBytesOrTooLongForTheCallerIsDropped) {
  FakeNet device(kMrg);
  VirtioNet net;
  ASSERT_TRUE(net.start(device.transport));
  ASSERT_TRUE(device.deliver(std::string(12, 0)));
  ASSERT_TRUE(device.deliver(frame_of(20000, 'x')));
  std::string small(2000, 0);
  EXPECT_EQ(net.receive(std::as_writable_bytes(std::span(small))), 0u);
  EXPECT_EQ(net.counters().dropped, 2u);
}

TEST_F(NetTest, AFullQueueSaysSoAndHasRoomAgainAfterTheDeviceSent) {
  FakeNet device(0);
  VirtioNet net;
  ASSERT_TRUE(net.start(device.transport));
  std::string frame = frame_of(60000, 'x');
  NetPiece piece{frame.data(), frame.size()};
  int queued = 0;
  while (net.send({&piece, 1})) ++queued;
  EXPECT_GT(queued, 3);
  EXPECT_EQ(net.send({&piece, 1}).error(), VirtioNet::SendError::full);
  EXPECT_FALSE(net.ready());
  EXPECT_EQ(device.sent().size(), static_cast<size_t>(queued));
  EXPECT_TRUE(net.ready());
  EXPECT_TRUE(net.send({&piece, 1}));
}

TEST_F(NetTest, AHeaderThatAsksForMoreThanWasAgreedOnIsRefused) {
  constexpr uint64_t kCsum = 1u << 0, kTso4 = 1u << 11, kTso6 = 1u << 12;
  for (uint64_t offered : {uint64_t{0}, kCsum, kCsum | kTso4, kCsum | kTso4 | kTso6}) {
    FakeNet device(kMrg | offered);
    VirtioNet net;
    ASSERT_TRUE(net.start(device.transport));
    auto takes = [&](uint8_t flags, uint8_t gso_type) {
      std::string frame = frame_of(100, 'x');
      frame[0] = static_cast<char>(flags);
      frame[1] = static_cast<char>(gso_type);
      NetPiece piece{frame.data(), frame.size()};
      return net.send({&piece, 1}).has_value();
    };
    EXPECT_TRUE(takes(0, 0));
    EXPECT_EQ(takes(1, 0), (offered & kCsum) != 0);
    EXPECT_EQ(takes(0, 1), (offered & kTso4) != 0);
    EXPECT_EQ(takes(0, 4), (offered & kTso6) != 0);
    EXPECT_FALSE(takes(0, 3));
    free_dma_pages();
  }
}

TEST_F(NetTest, BuffersAreNeverLost) {
  FakeNet device(kMrg);
  VirtioNet net;
  ASSERT_TRUE(net.start(device.transport));
  std::mt19937_64 random(9);
  for (int i = 0; i < 5000; ++i) {
    size_t bytes = 1 + random() % 9000;
    ASSERT_TRUE(device.deliver(frame_of(bytes, 'a'))) << i;
    if (random() % 4 == 0) {
      ASSERT_TRUE(net.ready());
    }
    ASSERT_EQ(receive(net).size(), bytes + 12);
  }
}

}  // namespace
}  // namespace libos_test
