// Clocks and sleeping.  No upper bounds: the machine may be busy.

#include <time.h>

#include <chrono>
#include <thread>

#include "probe.h"

namespace probe {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

void monotonic() {
  auto last = Steady::now();
  for (int i = 0; i < 20000; ++i) {
    auto now = Steady::now();
    expect(now >= last);
    last = now;
  }
}

void sleeping() {
  for (auto length : {1ms, 5ms, 20ms}) {
    auto begin = Steady::now();
    std::this_thread::sleep_for(length);
    expect(Steady::now() - begin >= length);
  }
}

// The wall clock says a date of this century, and both clocks run at one speed.
void wall() {
  auto wall_begin = std::chrono::system_clock::now();
  auto begin = Steady::now();
  expect(wall_begin.time_since_epoch() > std::chrono::hours(24 * 365 * 30));
  std::this_thread::sleep_for(50ms);
  auto by_wall = std::chrono::system_clock::now() - wall_begin;
  auto by_steady = Steady::now() - begin;
  expect(by_wall <= by_steady + 5ms);
  time_t now = time(nullptr);
  tm fields;
  expect(gmtime_r(&now, &fields) && fields.tm_year > 100);
}

}  // namespace

std::vector<Test> clock_tests() {
  return {{"clock/monotonic", monotonic}, {"clock/sleeping", sleeping}, {"clock/wall", wall}};
}

}  // namespace probe
