#pragma once
// The battery-backed clock's registers as a date.

#include <cstdint>
#include <optional>

namespace ukstore::libos {

// What the registers hold; binary or BCD, 24 or 12 hours, as `status_b` says.
struct CmosTime {
  uint8_t second, minute, hour, day, month, year, status_b;
  bool operator==(const CmosTime&) const = default;
};

// Nullopt if the registers hold no date (as 0xff in all of them on a machine without the clock).
// Years 70 to 99 are of the twentieth century.
constexpr std::optional<uint64_t> seconds_since_1970(CmosTime t) {
  bool pm = t.hour & 0x80;
  t.hour &= 0x7f;
  if (!(t.status_b & 4)) {
    for (uint8_t* field : {&t.second, &t.minute, &t.hour, &t.day, &t.month, &t.year}) {
      *field = static_cast<uint8_t>((*field >> 4) * 10 + (*field & 15));
    }
  }
  if (!(t.status_b & 2)) t.hour = static_cast<uint8_t>(t.hour % 12 + (pm ? 12 : 0));
  if (t.second > 60 || t.minute > 59 || t.hour > 23 || !t.day || t.day > 31 || !t.month ||
      t.month > 12 || t.year > 99) {
    return std::nullopt;
  }
  // Days from 1970 by counting years from March, so that the leap day is the last of its year.
  int64_t year = t.year + (t.year < 70 ? 2000 : 1900) - (t.month <= 2 ? 1 : 0);
  int64_t month = (t.month + 9) % 12;
  int64_t days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + t.day - 1 - 719468;
  return static_cast<uint64_t>(((days * 24 + t.hour) * 60 + t.minute) * 60 + t.second);
}

}  // namespace ukstore::libos
