#pragma once
// Progress on standard error: phase, done of total, rate, time left.  Nothing in the first 300 ms,
// and without being asked only on a terminal.

#include <ukstore/images/ukstore/context.h>

#include <chrono>

namespace ukstore::cli {

class Progress {
 public:
  // `total` 0 is unknown; without a unit the phase alone is told.  The context outlives it.
  Progress(Context& context, std::string phase, std::string unit, uint64_t total = 0);
  ~Progress();  // takes its line off a terminal
  Progress(const Progress&) = delete;
  static bool is_wanted(Context& context) { return how(context) != How::none; }

  // Tells, now and then, how much is done.  Cheap.
  void at(uint64_t done);
  // The same, from a timer: looks at the clock each time.
  void look(uint64_t done);
  void total(uint64_t total) { total_ = total; }
  // What has travelled, told beside the rest.
  void bytes(uint64_t bytes) { bytes_ = bytes; }

 private:
  enum class How { none, terminal, plain, json };
  using Clock = std::chrono::steady_clock;
  static How how(Context& context);
  void print(Clock::time_point now);

  const How how_;
  const int fd_;
  const std::string phase_;
  const std::string unit_;
  uint64_t total_;
  uint64_t done_ = 0;
  uint64_t bytes_ = 0;
  uint64_t calls_ = 0;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::milliseconds(300);
  bool shown_ = false;
};

}  // namespace ukstore::cli
