// The split virtqueue against honest and dishonest devices.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include <ukstore/libos/core/virtio/ring.h>

#include "fake_device.h"
#include "host_machine.h"

namespace libos_test {
namespace {

using namespace ukstore::libos;

class RingTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(ring.start(transport, 0, 8)); }
  void TearDown() override { free_dma_pages(); }

  bool add(uint16_t token, uint32_t writable = 100, size_t parts = 1) {
    std::vector<Segment> chain(parts, Segment{reinterpret_cast<uint64_t>(memory), writable, true});
    return ring.add(chain, token);
  }
  DeviceQueue& device() { return transport.queues[0]; }

  std::byte memory[4096] = {};
  FakeTransport transport;
  Ring ring;
};

TEST_F(RingTest, ChainsComeBackWithTheirTokensInAnyOrder) {
  ASSERT_TRUE(add(11));
  ASSERT_TRUE(add(12, 50, 3));
  ring.notify();
  uint16_t a = *device().next(), b = *device().next();
  EXPECT_EQ(device().chain(b).size(), 3u);
  device().put_used(b, 150);
  device().put_used(a, 7);
  auto first = ring.take(), second = ring.take();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->token, 12);
  EXPECT_EQ(first->bytes, 150u);
  EXPECT_EQ(second->token, 11);
  EXPECT_EQ(second->bytes, 7u);
  EXPECT_FALSE(ring.take());
  EXPECT_EQ(ring.free_descriptors(), 8);
}

TEST_F(RingTest, AFullRingTakesNoMore) {
  EXPECT_TRUE(add(1, 10, 5));
  EXPECT_FALSE(add(2, 10, 4));
  EXPECT_TRUE(add(3, 10, 3));
  EXPECT_FALSE(add(4));
}

TEST_F(RingTest, AnUnpublishedChainIsNotSeen) {
  add(1);
  EXPECT_FALSE(device().next());
  ring.notify();
  EXPECT_TRUE(device().next());
}

TEST_F(RingTest, AnElementOutOfBoundsIsDroppedAndCounted) {
  add(1);
  add(2);
  ring.notify();
  device().put_used(8, 0);
  device().put_used(*device().next(), 0);
  auto done = ring.take();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->token, 1);
  EXPECT_EQ(ring.faults(), 1u);
}

TEST_F(RingTest, AnElementThatIsNotInFlightIsDroppedAndCounted) {
  add(1, 10, 2);
  add(2);
  ring.notify();
  uint16_t head = *device().next();
  device().put_used(head, 0);
  EXPECT_TRUE(ring.take());
  device().put_used(head, 0);  // the same one again
  EXPECT_FALSE(ring.take());
  EXPECT_EQ(ring.faults(), 1u);
  EXPECT_FALSE(ring.broken());
}

TEST_F(RingTest, ALengthBeyondTheChainIsCut) {
  add(1, 64, 2);
  ring.notify();
  device().put_used(*device().next(), 0xffffffff);
  auto done = ring.take();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->bytes, 128u);
  EXPECT_EQ(ring.faults(), 1u);
}

TEST_F(RingTest, AnImpossibleUsedIndexBreaksTheRing) {
  add(1);
  ring.notify();
  device().set_used_index(5);
  EXPECT_FALSE(ring.take());
  EXPECT_TRUE(ring.broken());
  EXPECT_FALSE(add(2));
}

// The device may write where it should not, too: the descriptors are never read back.
TEST_F(RingTest, ScribblingOverDescriptorsHarmsNothing) {
  add(1, 10, 4);
  add(2, 10, 2);
  ring.notify();
  uint16_t a = *device().next(), b = *device().next();
  std::memset(reinterpret_cast<void*>(device().at.descriptors), 0xff, 4096);
  device().put_used(a, 0);
  device().put_used(b, 0);
  EXPECT_TRUE(ring.take() && ring.take());
  EXPECT_EQ(ring.free_descriptors(), 8);
  for (uint16_t i = 0; i < 8; ++i) EXPECT_TRUE(add(i));
}

TEST(Ring, ASizeThatIsNoPowerOfTwoIsRoundedDown) {
  FakeTransport transport;
  transport.queue_size = 100;
  Ring ring;
  ASSERT_TRUE(ring.start(transport, 0, 256));
  EXPECT_EQ(ring.size(), 64);
  transport.queue_size = 0;
  Ring none;
  EXPECT_FALSE(none.start(transport, 0, 256));
  free_dma_pages();
}

// Many rounds around the index's wrap, against a model of what is in flight.
TEST(Ring, TokensAreNeitherLostNorInventedOverManyRounds) {
  FakeTransport transport;
  Ring ring;
  ASSERT_TRUE(ring.start(transport, 0, 16));
  std::mt19937_64 random(5);
  std::multiset<uint16_t> in_flight;
  std::vector<uint16_t> at_device;
  std::byte memory[64] = {};
  for (int step = 0; step < 300000; ++step) {
    switch (random() % 3) {
      case 0: {
        auto token = static_cast<uint16_t>(random());
        std::vector<Segment> chain(1 + random() % 4,
                                   {reinterpret_cast<uint64_t>(memory), 16, true});
        bool room = chain.size() <= ring.free_descriptors();
        ASSERT_EQ(ring.add(chain, token), room);
        if (room) in_flight.insert(token);
        ring.notify();
        break;
      }
      case 1:
        while (auto head = transport.queues[0].next()) at_device.push_back(*head);
        if (at_device.empty()) break;
        std::swap(at_device[random() % at_device.size()], at_device.back());
        transport.queues[0].put_used(at_device.back(), 3);
        at_device.pop_back();
        break;
      default:
        if (auto done = ring.take()) {
          auto found = in_flight.find(done->token);
          ASSERT_NE(found, in_flight.end());
          in_flight.erase(found);
        }
    }
  }
  EXPECT_EQ(ring.faults(), 0u);
  free_dma_pages();
}

}  // namespace
}  // namespace libos_test
