// Records are kept in versions: a snapshot reads, of each record, the newest version that is not
// newer than itself.  A commit drops the versions that no snapshot can see any more.

#include <ukstore/store/memory_backend.h>

#include <ukstore/store/object.h>
#include <ukstore/store/records.h>
#include <ukstore/store/writer_gate.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace ukstore {
namespace {

// Eight-aligned bytes that do not move.
struct Block {
  std::unique_ptr<uint64_t[]> words;
  size_t bytes = 0;

  explicit Block(size_t size) : words(new uint64_t[(size + 7) / 8]()), bytes(size) {}
  char* data() const { return reinterpret_cast<char*>(words.get()); }
  BytesView view() const { return {data(), bytes}; }
};

// nullopt: erased.
using Value = std::optional<Bytes>;
// By key, then by the version in which it became so.  Nodes of a map do not move, so views stay
// good.
using Records = std::map<Bytes, std::map<uint64_t, Value>, std::less<>>;

struct Shared {
  explicit Shared(std::chrono::milliseconds timeout) : lock_timeout(timeout) {}

  const std::chrono::milliseconds lock_timeout;
  WriterGate gate;
  std::mutex mutex;  // guards all below
  uint64_t version = 0;
  uint64_t last_segment = 0;
  uint64_t bytes = 0;
  Records records;
  std::map<uint64_t, Block> segments;
  std::vector<Block> erased;  // views of them stay valid
  std::multiset<uint64_t> snapshots;

  const Value* at(const std::map<uint64_t, Value>& versions, uint64_t version) const {
    auto after = versions.upper_bound(version);
    return after == versions.begin() ? nullptr : &std::prev(after)->second;
  }
};

bool starts_with(BytesView key, BytesView prefix) { return key.substr(0, prefix.size()) == prefix; }

// The least key above all keys that start with `prefix`; nullopt if there is none.
std::optional<Bytes> behind(BytesView prefix) {
  Bytes end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

struct Record {
  BytesView key, value;
};

class MemorySnapshot : public Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    std::lock_guard lock(shared_->mutex);
    version_ = shared_->version;
    last_segment_ = shared_->last_segment;
    shared_->snapshots.insert(version_);
  }
  ~MemorySnapshot() override {
    std::lock_guard lock(shared_->mutex);
    shared_->snapshots.erase(shared_->snapshots.find(version_));
  }

  Result<std::optional<BytesView>> get(BytesView key) const override {
    std::lock_guard lock(shared_->mutex);
    auto found = shared_->records.find(key);
    if (found == shared_->records.end()) return std::nullopt;
    const Value* value = shared_->at(found->second, version_);
    if (!value || !*value) return std::nullopt;
    return BytesView(**value);
  }

  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    Cursor cursor = start(prefix, from, direction);
    for (;;) {
      std::optional<Record> record = step(cursor);
      if (!record || !starts_with(record->key, prefix)) return {};
      if (visit(record->key, record->value) == Flow::stop) return {};
      cursor = {direction, Bytes(record->key), Cursor::Include::no};
    }
  }

  Result<uint64_t> last_segment() const override { return last_segment_; }

 protected:
  // The place before the next record: at `key` itself, or beside it.  No key: an end.
  struct Cursor {
    enum class Include { no, yes };
    Direction direction;
    std::optional<Bytes> key;
    Include include;
  };

  static Cursor start(BytesView prefix, BytesView from, Direction direction) {
    if (direction == Direction::forward) {
      return {direction, Bytes(std::max(prefix, from)), Cursor::Include::yes};
    }
    std::optional<Bytes> end = behind(prefix);
    if (from.empty() || (end && from >= *end)) return {direction, end, Cursor::Include::no};
    return {direction, Bytes(from), Cursor::Include::yes};
  }

  // The first record from there on.
  std::optional<Record> step(const Cursor& cursor) const {
    std::lock_guard lock(shared_->mutex);
    const Records& records = shared_->records;
    auto visible = [&](Records::const_iterator it) -> std::optional<Record> {
      const Value* value = shared_->at(it->second, version_);
      if (!value || !*value) return std::nullopt;
      return Record{it->first, **value};
    };
    bool inclusive = cursor.include == Cursor::Include::yes;
    if (cursor.direction == Direction::forward) {
      auto it = inclusive ? records.lower_bound(*cursor.key) : records.upper_bound(*cursor.key);
      for (; it != records.end(); ++it) {
        if (auto record = visible(it)) return record;
      }
      return std::nullopt;
    }
    auto it = !cursor.key ? records.end()
              : inclusive ? records.upper_bound(*cursor.key)
                          : records.lower_bound(*cursor.key);
    while (it != records.begin()) {
      if (auto record = visible(--it)) return record;
    }
    return std::nullopt;
  }

  const std::shared_ptr<Shared> shared_;
  uint64_t version_ = 0;
  uint64_t last_segment_ = 0;
};

struct LeaveGate {
  void operator()(WriterGate* gate) const { gate->leave(); }
};
using Inside = std::unique_ptr<WriterGate, LeaveGate>;

// A write sees its own changes over the state it began with.
class MemoryWrite final : public Write {
 public:
  MemoryWrite(std::shared_ptr<Shared> shared, Inside inside)
      : shared_(std::move(shared)),
        inside_(std::move(inside)),
        base_(std::make_unique<Base>(shared_)) {
    next_segment_ = base_->last_segment().value() + 1;
  }

  Result<std::optional<BytesView>> get(BytesView key) const override {
    if (done_) return closed();
    auto found = changes_.find(key);
    if (found == changes_.end()) return base_->get(key);
    if (!found->second) return std::nullopt;
    return BytesView(*found->second);
  }

  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    if (done_) return closed();
    // Few records are changed in one transaction: merge the visible ones of both into one list.
    std::map<BytesView, BytesView> all;
    auto keep = [&](BytesView key, BytesView value) {
      all[key] = value;
      return Flow::go_on;
    };
    if (auto ok = base_->scan(prefix, {}, Direction::forward, keep); !ok) return ok;
    for (const auto& [key, value] : changes_) {
      if (!starts_with(key, prefix)) continue;
      all.erase(key);
      if (value) all[key] = *value;
    }
    if (direction == Direction::forward) {
      for (auto it = all.lower_bound(from); it != all.end(); ++it) {
        if (visit(it->first, it->second) == Flow::stop) break;
      }
      return {};
    }
    auto it = from.empty() ? all.end() : all.upper_bound(from);
    while (it != all.begin()) {
      --it;
      if (visit(it->first, it->second) == Flow::stop) break;
    }
    return {};
  }

  Result<uint64_t> last_segment() const override {
    if (done_) return closed();
    return next_segment_ - 1;
  }

  Result<void> put(BytesView key, BytesView value) override {
    if (done_) return closed();
    if (auto ok = check_record_size(key, value.size()); !ok) return ok;
    // `value` may be a view of the record that it replaces.
    Bytes copy(value);
    changes_.insert_or_assign(Bytes(key), std::move(copy));
    return {};
  }

  Result<void> erase(BytesView key) override {
    if (done_) return closed();
    changes_.insert_or_assign(Bytes(key), std::nullopt);
    return {};
  }

  Result<Room> append_segment(size_t bytes) override {
    if (done_) return closed();
    if (bytes == 0 || bytes > Address::kSegmentBytesMax) {
      return fail(Error::Kind::invalid,
                  "a segment has 1 to 1,048,576 bytes, not " + std::to_string(bytes));
    }
    uint64_t number = next_segment_++;
    Block& block = segments_.emplace(number, Block(bytes)).first->second;
    return Room{number, {block.data(), bytes}};
  }

  Result<void> erase_segment(uint64_t segment) override {
    if (done_) return closed();
    if (segments_.erase(segment) == 0) erased_.push_back(segment);
    return {};
  }

  Result<void> commit(Durability) override {
    if (done_) return closed();
    {
      std::lock_guard lock(shared_->mutex);
      publish();
    }
    finish();
    return {};
  }

 private:
  using Base = MemorySnapshot;

  static std::unexpected<Error> closed() {
    return fail(Error::Kind::closed, "this write has been committed");
  }

  void publish() {
    Shared& shared = *shared_;
    uint64_t version = ++shared.version;
    // `base_` does not count: it ends with this.
    auto oldest = shared.snapshots.begin();
    uint64_t seen = shared.snapshots.size() > 1 ? *oldest : version;
    for (auto& [key, value] : changes_) {
      auto& versions = shared.records[key];
      versions[version] = std::move(value);
      auto newer = versions.upper_bound(seen);
      if (newer != versions.begin()) versions.erase(versions.begin(), std::prev(newer));
      if (versions.size() == 1 && !versions.begin()->second) shared.records.erase(key);
    }
    for (auto& [number, block] : segments_) {
      shared.bytes += block.bytes;
      shared.segments.emplace(number, std::move(block));
    }
    for (uint64_t number : erased_) {
      auto found = shared.segments.find(number);
      if (found == shared.segments.end()) continue;
      shared.bytes -= found->second.bytes;
      shared.erased.push_back(std::move(found->second));
      shared.segments.erase(found);
    }
    shared.last_segment = next_segment_ - 1;
  }

  void finish() {
    if (done_) return;
    done_ = true;
    base_.reset();
    inside_.reset();
  }

  const std::shared_ptr<Shared> shared_;
  Inside inside_;  // outlives the state it began with
  std::unique_ptr<Base> base_;
  bool done_ = false;
  uint64_t next_segment_ = 1;
  std::map<Bytes, Value, std::less<>> changes_;
  std::map<uint64_t, Block> segments_;
  std::vector<uint64_t> erased_;
};

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(std::chrono::milliseconds lock_timeout)
      : shared_(std::make_shared<Shared>(lock_timeout)) {}

  Result<std::unique_ptr<Snapshot>> snapshot() const override {
    return std::make_unique<MemorySnapshot>(shared_);
  }

  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    std::lock_guard lock(shared_->mutex);
    auto found = shared_->segments.find(number);
    if (found == shared_->segments.end()) return std::nullopt;
    return found->second.view();
  }

  Result<std::unique_ptr<Write>> write() override {
    if (shared_->gate.enter(shared_->lock_timeout) == WriterGate::Entry::timed_out) {
      return fail(Error::Kind::locked, "another thread of this process is writing");
    }
    Inside inside(&shared_->gate);
    return std::make_unique<MemoryWrite>(shared_, std::move(inside));
  }

  std::string_view name() const override { return "memory"; }
  uint64_t size_bytes() const override {
    std::lock_guard lock(shared_->mutex);
    return shared_->bytes;
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Backend> make_memory_backend(std::chrono::milliseconds lock_timeout) {
  return std::make_unique<MemoryBackend>(lock_timeout);
}

}  // namespace ukstore
