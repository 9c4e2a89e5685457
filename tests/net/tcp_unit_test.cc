// The parts of the connection that no script reaches alone.

#include <gtest/gtest.h>

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/initial_sequence.h>
#include <ukstore/libos/net/tcp/listener.h>
#include <map>
#include <random>

#include "tcp_script.h"

namespace ukstore::net {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(TcpListener, AHalfOpenPeerIsASmallRecord) {
  EXPECT_LE(sizeof(SynReceived) + sizeof(Tuple), 128U);
}

TEST(Reassembly, MatchesANaiveModel) {
  std::mt19937_64 random(7);
  for (int run = 0; run < 300; ++run) {
    Reassembly queue;
    std::map<uint32_t, char> model;
    SeqNumber base{0xffff'ff80};
    for (int step = 0; step < 40; ++step) {
      auto at = static_cast<uint32_t>(1 + random() % 300);
      std::string text = script::stream_bytes(at, 1 + random() % 60);
      queue.insert(base + at, Buf::copy_of(bytes_of(text)));
      for (size_t i = 0; i < text.size(); ++i) model[at + static_cast<uint32_t>(i)] = text[i];
      ASSERT_TRUE(queue.consistent(base));
      ASSERT_EQ(queue.bytes(), model.size());
    }
    uint32_t first = model.begin()->first;
    uint32_t end = first;
    while (model.contains(end)) ++end;
    ByteQueue out;
    ASSERT_EQ(queue.take(base + first, out), end - first);
    std::string got(out.size(), '\0');
    out.read(std::as_writable_bytes(std::span(got)));
    ASSERT_EQ(got, script::stream_bytes(first, end - first));
  }
}

TEST(ByteQueue, MatchesAString) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 50; ++run) {
    ByteQueue queue;
    std::string model;
    for (int step = 0; step < 100; ++step) {
      std::string text = script::stream_bytes(random() % 1000, random() % 5000);
      if (random() % 2) {
        queue.append(bytes_of(text));
      } else {
        queue.append(Buf::copy_of(bytes_of(text)));
      }
      model += text;
      size_t drop = random() % (model.size() + 1);
      if (random() % 3 == 0) queue.drop_front(drop), model.erase(0, drop);
      ASSERT_EQ(queue.size(), model.size());
      if (model.empty()) continue;
      size_t from = random() % model.size();
      std::string part(random() % (model.size() - from) + 1, '\0');
      queue.copy_to(from, std::as_writable_bytes(std::span(part)));
      ASSERT_EQ(part, model.substr(from, part.size()));
    }
  }
}

TEST(ByteQueue, HoldsAtMostTwiceWhatItIsChargedFor) {
  ByteQueue queue;
  for (int i = 0; i < 100; ++i) {
    ChunkRef page = make_chunk(65536);
    queue.append(Buf(page, 0, 1000));
  }
  EXPECT_LE(queue.held_bytes(), 2 * queue.size() + 4096);
}

TEST(TcpListener, AFloodNeverGrowsItsStateAndAGoodClientStillConnects) {
  Listener listener({.config = {}, .syn_queue_max = 64}, {1, 2});
  Time now{std::chrono::seconds(100)};
  SegmentView syn{.header = {.seq = {77}, .flags = {.syn = true}, .window = 65535}, .payload = {}};
  syn.header.options.mss = 1400;
  for (int i = 0; i < 10'000; ++i) {
    Tuple tuple{.remote = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)}};
    EXPECT_TRUE(listener.on_segment(now, tuple, syn, AcceptRoom::free).reply);
  }
  EXPECT_EQ(listener.half_open(), 64U);
  Tuple good{.remote_port = 9};
  auto answer = listener.on_segment(now, good, syn, AcceptRoom::free);
  ASSERT_TRUE(answer.reply);
  SegmentView ack{.header = {.seq = {78}, .ack = answer.reply->seq + 1, .flags = {.ack = true}},
                  .payload = {}};
  auto opened = listener.on_segment(now, good, ack, AcceptRoom::free);
  ASSERT_TRUE(opened.opening);
  EXPECT_EQ(opened.opening->peer_mss, 1360);
  ack.header.ack += 1000;
  EXPECT_FALSE(listener.on_segment(now, good, ack, AcceptRoom::free).opening);
  for (int minute = 0; minute < 8; ++minute) {
    now += std::chrono::minutes(1);
    while (listener.next_reply(now)) {
    }
  }
  EXPECT_EQ(listener.half_open(), 0U);
}

TEST(TcpListener, AFullAcceptQueueLeavesTheLastStepToTheNextTry) {
  Listener listener({}, {1, 2});
  Time now{std::chrono::seconds(100)};
  SegmentView syn{.header = {.seq = {77}, .flags = {.syn = true}}, .payload = {}};
  auto reply = listener.on_segment(now, {}, syn, AcceptRoom::full).reply;
  SegmentView ack{.header = {.seq = {78}, .ack = reply->seq + 1, .flags = {.ack = true}},
                  .payload = {}};
  EXPECT_FALSE(listener.on_segment(now, {}, ack, AcceptRoom::full).opening);
  EXPECT_TRUE(listener.on_segment(now, {}, ack, AcceptRoom::free).opening);
}

// RFC 6191: with timestamps a second is enough, as the new life's are then larger.
TEST(TimeWaitReuse, AnActiveOpenMayTakeOverAfterASecondWithTimestamps) {
  Time now{std::chrono::seconds(100)};
  TimeWait record{.timestamps = true,
                  .length = std::chrono::seconds(60),
                  .expires = now + std::chrono::seconds(60)};
  EXPECT_FALSE(record.reusable(now));
  EXPECT_FALSE(record.reusable(now + std::chrono::milliseconds(900)));
  EXPECT_TRUE(record.reusable(now + std::chrono::milliseconds(1100)));
  record.timestamps = false;
  EXPECT_FALSE(record.reusable(now + std::chrono::seconds(59)));
}

TEST(InitialSequence, GrowsWithTimeAndDiffersByTuple) {
  Time now{};
  SeqNumber first = initial_sequence_number({1, 2}, {}, now);
  SeqNumber later = initial_sequence_number({1, 2}, {}, now + std::chrono::milliseconds(4));
  EXPECT_EQ(distance(first, later), 1000);
  EXPECT_NE(first, initial_sequence_number({1, 2}, {.local_port = 1}, now));
  EXPECT_NE(first, initial_sequence_number({1, 3}, {}, now));
}

}  // namespace
}  // namespace ukstore::net
