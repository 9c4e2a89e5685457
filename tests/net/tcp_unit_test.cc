// The parts of the connection that no script reaches alone.

#include <gtest/gtest.h>

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/initial_sequence.h>
#include <ukstore/libos/net/tcp/listener.h>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "tcp_script.h"

namespace ukstore::net {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(TcpMemory, AnIdleConnectionFitsAKibibyte) {
  // What the vectors of an idle connection keep: two ranges, and two slices in each queue.
  size_t kept = 2 * sizeof(SentRange) + 4 * sizeof(Buf);
  EXPECT_LE(sizeof(Connection) + kept, 1024U);
  EXPECT_LE(sizeof(TimeWait) + sizeof(Tuple), 96U);
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

TEST(InitialSequence, GrowsWithTimeAndDiffersByTuple) {
  Time now{};
  SeqNumber first = initial_sequence_number({1, 2}, {}, now);
  SeqNumber later = initial_sequence_number({1, 2}, {}, now + std::chrono::milliseconds(4));
  EXPECT_EQ(distance(first, later), 1000);
  EXPECT_NE(first, initial_sequence_number({1, 2}, {.local_port = 1}, now));
  EXPECT_NE(first, initial_sequence_number({1, 3}, {}, now));
}

TEST(TcpMustRules, PshIsOnTheLastSegmentOfWhatWasQueued) {
  Time now{};
  Opening opening{.iss = {1}, .irs = {1}, .peer_mss = 1000};
  Connection connection = Connection::accepted(now, {}, opening);
  SegmentView ack{.header = {.seq = {2}, .ack = {2}, .flags = {.ack = true}, .window = 60000},
                  .payload = {}};
  connection.on_segment(now, ack);
  connection.on_write(now, bytes_of(std::string(2500, 'x')));
  EXPECT_FALSE(connection.next_segment(now, {})->header.flags.psh);
  EXPECT_FALSE(connection.next_segment(now, {})->header.flags.psh);
  EXPECT_TRUE(connection.next_segment(now, {})->header.flags.psh);
}

std::map<int, std::string> must_map() {
  std::map<int, std::string> lines;
  std::ifstream file(UKSTORE_NET_TESTS "/rfc9293_must.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    size_t space = line.find(' ');
    lines[std::stoi(line)] = line.substr(space + 1);
  }
  return lines;
}

std::set<std::string> test_names() {
  std::set<std::string> names;
  for (const script::Script& each : script::all_scripts()) names.insert(each.name);
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
    }
  }
  return names;
}

// RFC 9293's list: each MUST names a script or a test, or says why not.
TEST(TcpMustMap, NamesWhatShowsEachMust) {
  auto lines = must_map();
  auto names = test_names();
  for (int i = 1; i <= 69; ++i) {
    ASSERT_TRUE(lines.contains(i)) << "MUST-" << i;
  }
  for (const auto& [number, line] : lines) {
    if (line.starts_with("refused: ") || line.starts_with("below: ")) continue;
    EXPECT_TRUE(names.contains(line)) << "MUST-" << number << ": no test or script " << line;
  }
}

}  // namespace
}  // namespace ukstore::net
