// Threads, what they wait on, and that the machine switches between them without harm.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>

#include "probe.h"

namespace probe {
namespace {

using namespace std::chrono_literals;

void many() {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) threads.emplace_back([&sum, i] { sum += i; });
    for (auto& thread : threads) thread.join();
    expect(sum == 120);
  }
}

void mutexes() {
  std::mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        std::lock_guard lock(mutex);
        ++count;
        if (k % 100 == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  expect(count == 16000);
}

void conditions() {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> queue;
  long sum = 0;
  std::thread consumer([&] {
    for (int taken = 0; taken < 1000;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !queue.empty(); });
      for (int value : queue) sum += value;
      taken += static_cast<int>(queue.size());
      queue.clear();
    }
  });
  for (int i = 0; i < 1000; ++i) {
    std::lock_guard lock(mutex);
    queue.push_back(i);
    changed.notify_one();
  }
  consumer.join();
  expect(sum == 499500);
}

void timed_waits() {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  auto begin = std::chrono::steady_clock::now();
  expect(never.wait_for(lock, 30ms) == std::cv_status::timeout);
  expect(std::chrono::steady_clock::now() - begin >= 30ms);
  expect(never.wait_until(lock, std::chrono::system_clock::now() + 20ms) ==
         std::cv_status::timeout);
}

void futures() {
  auto good = std::async(std::launch::async, [] { return 6 * 7; });
  auto bad = std::async(std::launch::async, []() -> int { throw std::runtime_error("no"); });
  expect(good.get() == 42);
  try {
    bad.get();
    expect(false);
  } catch (const std::runtime_error& error) {
    expect(std::string(error.what()) == "no");
  }
}

// A thread that never gives up the processor must not keep the others from it.
void preemption() {
  std::atomic<bool> stop = false;
  std::atomic<long> turns = 0;
  std::vector<std::thread> spinners;
  for (int i = 0; i < 3; ++i) {
    spinners.emplace_back([&] {
      while (!stop) turns.fetch_add(1, std::memory_order_relaxed);
    });
  }
  std::this_thread::sleep_for(50ms);
  stop = true;
  for (auto& spinner : spinners) spinner.join();
  expect(turns > 0);
}

// Sums in vector and x87 registers while interrupts switch threads: any register that is not kept
// shows as a wrong digit.
double series(long double seed) {
  double a = 0, b = 1, c = 2, d = 3;
  long double x = seed;
  for (int i = 1; i < 120000; ++i) {
    a += b * 1e-7;
    b += c * 1e-7;
    c += d * 1e-7;
    d += a * 1e-7;
    x = x * 0.999999L + 1e-6L;
  }
  return a + b + c + d + static_cast<double>(x);
}

void vector_registers() {
  std::vector<double> expected, found(6);
  for (int i = 0; i < 6; ++i) expected.push_back(series(i));
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([&, i] { found[i] = series(i); });
  for (auto& thread : threads) thread.join();
  expect(found == expected);
}

// Leaf functions keep data below the stack pointer; interrupts must not touch it.
[[gnu::noinline]] uint64_t leaf(uint64_t seed) {
  volatile uint64_t words[12];
  for (uint64_t i = 0; i < 12; ++i) words[i] = seed * (i + 1);
  uint64_t sum = 0;
  for (uint64_t round = 0; round < 40; ++round) {
    for (uint64_t i = 0; i < 12; ++i) sum += words[i];
  }
  return sum;
}

void red_zone() {
  std::atomic<bool> stop = false;
  // Wakes as often as the timer can, so that interrupts come at about 5 kHz.
  std::thread disturber([&] {
    while (!stop) std::this_thread::sleep_for(200us);
  });
  int wrong = 0;
  for (uint64_t i = 0; i < 60000; ++i) {
    if (leaf(i) != i * 78 * 40) ++wrong;
  }
  stop = true;
  disturber.join();
  expect(wrong == 0);
}

thread_local int local_value = 5;

void thread_locals() {
  std::vector<std::thread> threads;
  std::atomic<int> bad = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      if (local_value != 5) ++bad;
      local_value = i;
      std::this_thread::yield();
      if (local_value != i) ++bad;
    });
  }
  for (auto& thread : threads) thread.join();
  expect(bad == 0 && local_value == 5);
}

}  // namespace

std::vector<Test> thread_tests() {
  return {{"threads/many", many},
          {"threads/mutexes", mutexes},
          {"threads/conditions", conditions},
          {"threads/timed-waits", timed_waits},
          {"threads/futures", futures},
          {"threads/preemption", preemption},
          {"threads/vector-registers", vector_registers},
          {"threads/red-zone", red_zone},
          {"threads/thread-locals", thread_locals}};
}

}  // namespace probe
