#include "disk.h"

#include <ukstore/store/memory_backend.h>

#include <algorithm>
#include <stdexcept>

namespace ukstore::tests {

class DiskWrite final : public Write {
 public:
  DiskWrite(Disk& disk, Backend& inner, std::unique_ptr<Write> write)
      : disk_(disk), inner_(inner), write_(std::move(write)) {}

  Result<std::optional<BytesView>> get(BytesView key) const override { return write_->get(key); }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    return write_->scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override { return write_->last_segment(); }
  Result<void> put(BytesView key, BytesView value) override {
    ops_.push_back({Disk::Op::Kind::put, Bytes(key), Bytes(value)});
    return write_->put(key, value);
  }
  Result<void> erase(BytesView key) override {
    ops_.push_back({Disk::Op::Kind::erase, Bytes(key), {}});
    return write_->erase(key);
  }
  Result<Room> append_segment(size_t bytes) override {
    auto room = write_->append_segment(bytes);
    if (room) ops_.push_back({Disk::Op::Kind::segment, {}, {}, room->segment});
    return room;
  }
  Result<void> erase_segment(uint64_t segment) override {
    ops_.push_back({Disk::Op::Kind::erase_segment, {}, {}, segment});
    return write_->erase_segment(segment);
  }
  Result<void> commit(Durability durability) override {
    if (disk_.stopped_) return fail(Error::Kind::io, "the machine has stopped");
    auto ok = write_->commit(durability);
    if (!ok) return ok;
    for (Disk::Op& op : ops_) {
      if (op.kind != Disk::Op::Kind::segment) continue;
      auto bytes = inner_.segment(op.segment);
      if (bytes && *bytes) op.value = Bytes(**bytes);
    }
    if (disk_.order_ == Disk::Order::records_first) {
      auto segments = std::ranges::stable_partition(
          ops_, [](const Disk::Op& op) { return op.kind != Disk::Op::Kind::segment; });
      disk_.transactions_.emplace_back(ops_.begin(), segments.begin());
      disk_.flushed_ = disk_.transactions_.size();
      disk_.transactions_.emplace_back(segments.begin(), segments.end());
      return {};
    }
    disk_.transactions_.push_back(std::move(ops_));
    if (durability == Durability::durable) disk_.flushed_ = disk_.transactions_.size();
    return {};
  }

 private:
  Disk& disk_;
  Backend& inner_;
  std::unique_ptr<Write> write_;
  std::vector<Disk::Op> ops_;
};

class DiskBackend final : public Backend {
 public:
  DiskBackend(Disk& disk, std::unique_ptr<Backend> inner) : disk_(disk), inner_(std::move(inner)) {}

  Result<std::unique_ptr<Snapshot>> snapshot() const override { return inner_->snapshot(); }
  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    return inner_->segment(number);
  }
  Result<std::unique_ptr<Write>> write() override {
    auto write = inner_->write();
    if (!write) return pass_on(write);
    return std::make_unique<DiskWrite>(disk_, *inner_, std::move(*write));
  }
  std::string_view name() const override { return "simulated"; }
  uint64_t size_bytes() const override { return inner_->size_bytes(); }

 private:
  Disk& disk_;
  const std::unique_ptr<Backend> inner_;
};

namespace {

void check(bool good) {
  if (!good) throw std::runtime_error("the simulated disk cannot be read again");
}

}  // namespace

std::unique_ptr<Backend> Disk::open() {
  stopped_ = false;
  auto inner = make_memory_backend();
  for (const auto& transaction : transactions_) {
    auto write = inner->write();
    check(write.has_value());
    for (const Op& op : transaction) {
      switch (op.kind) {
        case Op::Kind::put:
          check((*write)->put(op.key, op.value).has_value());
          break;
        case Op::Kind::erase:
          check((*write)->erase(op.key).has_value());
          break;
        case Op::Kind::segment: {
          auto room = (*write)->append_segment(op.value.size());
          check(room && room->segment == op.segment && room->bytes.size() >= op.value.size());
          std::ranges::copy(op.value, room->bytes.begin());
          break;
        }
        case Op::Kind::erase_segment:
          check((*write)->erase_segment(op.segment).has_value());
          break;
      }
    }
    check((*write)->commit(Durability::durable).has_value());
  }
  return std::make_unique<DiskBackend>(*this, std::move(inner));
}

void Disk::crash(std::mt19937_64& random) {
  const size_t unflushed = transactions_.size() - flushed_;
  transactions_.resize(flushed_ + random() % (unflushed + 1));
  flushed_ = transactions_.size();
  stopped_ = true;
}

}  // namespace ukstore::tests
