// What connections cost in memory, counted at the allocator; and that they give it back.

#include <gtest/gtest.h>
#include <malloc.h>
#include <ukstore/tests/counts.h>

#include <ukstore/libos/net/stack/time_wait_table.h>
#include <cstdlib>
#include <new>

#include "two_hosts.h"

namespace {

size_t allocated_bytes = 0;  // by operator new, as the allocator rounds it

void* counted(size_t bytes, size_t alignment) {
  void* block = alignment <= alignof(std::max_align_t) ? std::malloc(bytes)
                                                       : std::aligned_alloc(alignment, bytes);
  if (block == nullptr) throw std::bad_alloc();
  allocated_bytes += malloc_usable_size(block);
  return block;
}

void uncounted(void* block) {
  if (block != nullptr) allocated_bytes -= malloc_usable_size(block);
  std::free(block);
}

}  // namespace

void* operator new(size_t bytes) { return counted(bytes, 1); }
void* operator new[](size_t bytes) { return counted(bytes, 1); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept { uncounted(block); }
void operator delete[](void* block) noexcept { uncounted(block); }
void operator delete(void* block, size_t) noexcept { uncounted(block); }
void operator delete[](void* block, size_t) noexcept { uncounted(block); }
void operator delete(void* block, std::align_val_t) noexcept { uncounted(block); }
void operator delete[](void* block, std::align_val_t) noexcept { uncounted(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { uncounted(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { uncounted(block); }

namespace ukstore::net {
namespace {

// Connections from left to right:80, opened as many at a time as the backlog takes.
class Crowd {
 public:
  explicit Crowd(TwoHosts& hosts) : hosts_(hosts) {
    listener_ = *hosts_.right.tcp().listen({Ipv4Address{}, 80}, 128);
  }

  void open(size_t count) {
    size_t all = clients.size() + count;
    clients.reserve(all);
    servers.reserve(all);
    while (servers.size() < all) {
      for (size_t batch = std::min<size_t>(100, all - clients.size()); batch > 0; --batch)
        clients.push_back(*hosts_.left.tcp().connect(hosts_.now, {right_ip(), 80}));
      ASSERT_TRUE(run([&] { return servers.size() == clients.size(); }));
    }
  }

  // Each says something and is answered.
  void talk() {
    for (size_t i = 0; i < clients.size(); ++i) {
      hosts_.left.tcp().write(hosts_.now, clients[i], Bytes(3000));
      ASSERT_TRUE(run([&] { return readable(hosts_.right, servers[i]) == 3000; }));
      std::array<std::byte, 4096> buffer;
      hosts_.right.tcp().read(hosts_.now, servers[i], buffer);
      hosts_.right.tcp().write(hosts_.now, servers[i], Bytes(2000));
      ASSERT_TRUE(run([&] { return readable(hosts_.left, clients[i]) == 2000; }));
      hosts_.left.tcp().read(hosts_.now, clients[i], buffer);
    }
  }

  // The clients first.
  void close() {
    for (TcpId id : clients) hosts_.left.tcp().close(hosts_.now, id);
    hosts_.settle(std::chrono::milliseconds(10));
    for (TcpId id : servers) hosts_.right.tcp().close(hosts_.now, id);
    hosts_.settle(std::chrono::milliseconds(10));
    clients.clear();
    servers.clear();
  }

  static size_t readable(Stack& stack, TcpId id) { return stack.tcp().find(id)->readable_bytes(); }

  bool run(const std::function<bool()>& done) {
    return hosts_.run(
        [&] {
          while (hosts_.left.tcp().next_event()) continue;
          while (hosts_.right.tcp().next_event()) continue;
          while (auto id = hosts_.right.tcp().accept(listener_)) servers.push_back(*id);
        },
        done);
  }

  std::vector<TcpId> clients, servers;

 private:
  TwoHosts& hosts_;
  ListenerId listener_;
};

TEST(TcpMemory, AnIdleEstablishedConnectionTakesAtMostAKibibyte) {
  TwoHosts hosts;
  Crowd crowd(hosts);
  crowd.open(10);  // before the neighbor is known only a few may wait
  crowd.open(90);  // so that the link has its own memory already
  crowd.talk();
  crowd.clients.reserve(600);
  crowd.servers.reserve(600);
  hosts.settle(std::chrono::minutes(1));
  size_t before = allocated_bytes;
  crowd.open(500);
  crowd.talk();
  hosts.settle(std::chrono::minutes(1));
  ASSERT_TRUE(crowd.run([] { return true; }));  // what is left of events
  EXPECT_EQ(hosts.left.tcp().live().total(), 600u);
  size_t each = (allocated_bytes - before) / 1000;  // two ends of 500 connections
  EXPECT_LE(each, 1024u);
  EXPECT_GT(each, 400u) << "it is not being counted";
}

TEST(TcpMemory, ATimeWaitRecordTakesAtMost96Bytes) {
  constexpr size_t kRecords = 50'000;
  EXPECT_LE(TimeWaitTable::record_bytes(), 96u);
  size_t before = allocated_bytes;
  TimeWaitTable table({1, 2}, kRecords);
  for (uint32_t i = 0; i < kRecords; ++i) {
    Tuple tuple{.remote_port = static_cast<uint16_t>(i)};
    tuple.remote[15] = static_cast<uint8_t>(i >> 16);
    table.insert(tuple, {.length = std::chrono::seconds(60), .expires = Time{Duration(i)}});
  }
  EXPECT_EQ(table.size(), kRecords);
  EXPECT_LE((allocated_bytes - before) / kRecords, 96u);
}

TEST(TcpMemory, OpeningAndClosingEndsWithNothing) {
  TwoHosts hosts;
  hosts.settle(std::chrono::seconds(1));
  Crowd crowd(hosts);
  const int rounds = tests::count(20, 1000);
  for (int round = 0; round < rounds; ++round) {
    crowd.open(100);
    crowd.close();
    ASSERT_EQ(hosts.left.tcp().live().connections, 0u);
    ASSERT_EQ(hosts.right.tcp().live().connections, 0u);
  }
  EXPECT_EQ(hosts.left.tcp().counters().opened, static_cast<uint64_t>(rounds) * 100);
  hosts.settle(std::chrono::minutes(3));
  EXPECT_EQ(hosts.left.live() + hosts.right.live(), 0u);
  EXPECT_EQ(hosts.left.held_bytes() + hosts.right.held_bytes(), 0u);
}

// Fifty senders to an application that reads nothing: what is held stays within the budget, and
// what each may still send is its floor.  Once it is read, all goes on to its end.
TEST(TcpMemory, OneBudgetHoldsForAllConnections) {
  constexpr size_t kBudget = 2 << 20;
  StackConfig right = host_config("10.0.0.2/24", 22);
  right.tcp.memory_bytes_max = kBudget;
  TwoHosts hosts(1, kAllCaps, host_config("10.0.0.1/24", 11), right);
  hosts.link.set_quality({.delay = std::chrono::milliseconds(5)});
  Crowd crowd(hosts);
  crowd.open(50);
  constexpr size_t kEach = 300'000;
  std::vector<size_t> written(50), read(50);
  Bytes data(kEach);
  size_t most = 0;
  enum class Reader : uint8_t { asleep, awake } reader = Reader::asleep;
  auto step = [&] {
    for (size_t i = 0; i < 50; ++i) {
      written[i] +=
          hosts.left.tcp().write(hosts.now, crowd.clients[i], ByteSpan(data).subspan(written[i]));
      std::array<std::byte, 65'536> buffer;
      while (reader == Reader::awake) {
        size_t got = hosts.right.tcp().read(hosts.now, crowd.servers[i], buffer);
        if (got == 0) break;
        read[i] += got;
      }
    }
    most = std::max(most, hosts.right.tcp().held_bytes());
  };
  hosts.run(step, [] { return false; }, std::chrono::seconds(20));
  EXPECT_LE(most, kBudget);
  EXPECT_GT(most, kBudget / 2);
  for (size_t i = 0; i < 50; ++i)
    EXPECT_GT(Crowd::readable(hosts.right, crowd.servers[i]), 10'000u) << "a fair share";
  reader = Reader::awake;
  ASSERT_TRUE(hosts.run(step, [&] {
    return std::all_of(read.begin(), read.end(), [](size_t bytes) { return bytes == kEach; });
  }));
  hosts.settle(std::chrono::seconds(1));
  EXPECT_EQ(hosts.right.tcp().held_bytes(), 0u);
}

}  // namespace
}  // namespace ukstore::net
