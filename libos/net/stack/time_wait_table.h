#pragma once
// Connections that are over but must be answered for 2 MSL: a ring of compact records in the
// order in which they began to wait, found by their tuple.

#include <ukstore/libos/net/tcp/time_wait.h>
#include <ukstore/libos/net/tcp/tuple.h>
#include <deque>
#include <optional>
#include <vector>

namespace ukstore::net {

class TimeWaitTable {
 public:
  // At most `records_max`: beyond, the oldest is forgotten early.
  TimeWaitTable(SecretKey key, size_t records_max) : key_(key), records_max_(records_max) {}

  void insert(const Tuple& tuple, const TimeWait& record);
  // Borrowed until the next insert, remove or expire; nullptr if there is none.
  TimeWait* find(const Tuple& tuple);
  void remove(const Tuple& tuple);

  // Forgets the records whose time is over.
  void expire(Time now);
  // When to call expire(): the end of the oldest record.  One that was extended may keep younger
  // ones a little beyond their time, which does no harm.
  Time deadline() const { return ring_.empty() ? kNever : ring_.front().wait.expires; }

  size_t size() const { return live_; }
  // Bytes that one record takes in the table, buckets not counted.
  static constexpr size_t record_bytes() { return sizeof(Record); }

 private:
  struct Record {
    TimeWait wait;
    Tuple tuple;
    uint32_t next;  // in the same bucket, as a count from the ring's first record ever; low bits
  };
  static constexpr uint32_t kEnd = UINT32_MAX;

  Record& at(uint32_t serial) { return ring_[serial - first_]; }
  size_t bucket_of(const Tuple& tuple) const;
  void unlink(uint32_t serial);
  void link(uint32_t serial);
  void pop_front();
  void grow();
  static bool dead(const Record& record) { return record.wait.expires == Time::min(); }

  SecretKey key_;
  size_t records_max_;
  std::deque<Record> ring_;
  uint32_t first_ = 0;  // serial number of ring_.front()
  size_t live_ = 0;
  std::vector<uint32_t> buckets_;
};

}  // namespace ukstore::net
