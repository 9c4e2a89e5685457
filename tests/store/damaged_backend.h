#pragma once
// A backend that reads another one, with damage.

#include <ukstore/store/backend.h>

#include <functional>
#include <map>
#include <mutex>

namespace ukstore::tests {

// Changes what is read.  Segments are changed once and kept, as their bytes may not move.
struct Damage {
  std::function<void(uint64_t number, Bytes& segment)> segment{};
  // False: the record is gone.
  std::function<bool(BytesView key, Bytes& value)> record{};
};

class DamagedBackend final : public Backend {
 public:
  DamagedBackend(Backend& under, Damage damage) : under_(under), damage_(std::move(damage)) {}

  Result<std::unique_ptr<Snapshot>> snapshot() const override;
  Result<std::optional<BytesView>> segment(uint64_t number) const override;
  Result<std::unique_ptr<Write>> write() override { return under_.write(); }
  Result<std::unique_ptr<WriterHold>> hold() override { return under_.hold(); }
  std::string_view name() const override { return "damaged"; }
  uint64_t size_bytes() const override { return under_.size_bytes(); }

 private:
  Backend& under_;
  const Damage damage_;
  mutable std::mutex mutex_;
  mutable std::map<uint64_t, std::vector<uint64_t>> segments_;  // aligned
};

}  // namespace ukstore::tests
