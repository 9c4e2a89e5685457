#include <ukstore/libos/net/stack/time_wait_table.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {
namespace {

constexpr uint64_t kSalt = 0x74776169;
constexpr size_t kBucketsMin = 64;

}  // namespace

size_t TimeWaitTable::bucket_of(const Tuple& tuple) const {
  return keyed_hash(key_, tuple, kSalt) & (buckets_.size() - 1);
}

void TimeWaitTable::link(uint32_t serial) {
  uint32_t& head = buckets_[bucket_of(at(serial).tuple)];
  at(serial).next = head;
  head = serial;
}

void TimeWaitTable::unlink(uint32_t serial) {
  uint32_t* link = &buckets_[bucket_of(at(serial).tuple)];
  while (*link != serial) link = &at(*link).next;
  *link = at(serial).next;
}

void TimeWaitTable::grow() {
  if (!buckets_.empty() && live_ < buckets_.size()) return;
  buckets_.assign(std::max(kBucketsMin, buckets_.size() * 2), kEnd);
  for (uint32_t i = 0; i < ring_.size(); ++i)
    if (!dead(ring_[i])) link(first_ + i);
}

void TimeWaitTable::insert(const Tuple& tuple, const TimeWait& record) {
  remove(tuple);
  while (live_ >= records_max_) pop_front();
  grow();
  // Serial numbers wrap; kEnd is not one.
  if (first_ + static_cast<uint32_t>(ring_.size()) == kEnd) {
    std::deque<Record> kept = std::move(ring_);
    ring_.clear();
    buckets_.clear();
    first_ = 0;
    live_ = 0;
    for (const Record& old : kept)
      if (!dead(old)) insert(old.tuple, old.wait);
  }
  ring_.push_back({record, tuple, kEnd});
  ++live_;
  link(first_ + static_cast<uint32_t>(ring_.size()) - 1);
}

TimeWait* TimeWaitTable::find(const Tuple& tuple) {
  if (live_ == 0) return nullptr;
  for (uint32_t serial = buckets_[bucket_of(tuple)]; serial != kEnd; serial = at(serial).next)
    if (at(serial).tuple == tuple) return &at(serial).wait;
  return nullptr;
}

void TimeWaitTable::remove(const Tuple& tuple) {
  if (live_ == 0) return;
  for (uint32_t serial = buckets_[bucket_of(tuple)]; serial != kEnd; serial = at(serial).next) {
    if (at(serial).tuple != tuple) continue;
    unlink(serial);
    at(serial).wait.expires = Time::min();
    --live_;
    return;
  }
}

void TimeWaitTable::pop_front() {
  if (!dead(ring_.front())) {
    unlink(first_);
    --live_;
  }
  ring_.pop_front();
  ++first_;
}

void TimeWaitTable::expire(Time now) {
  while (!ring_.empty() && (dead(ring_.front()) || ring_.front().wait.expires <= now)) pop_front();
  // A record that began to wait anew stands before younger ones that end earlier: it moves back.
  while (!ring_.empty() && ring_.front().wait.expires > now && ring_.size() > 1 &&
         ring_.front().wait.expires > ring_[1].wait.expires) {
    Record record = ring_.front();
    pop_front();
    if (!dead(record)) insert(record.tuple, record.wait);
    while (!ring_.empty() && (dead(ring_.front()) || ring_.front().wait.expires <= now))
      pop_front();
  }
}

}  // namespace ukstore::net
