#include "damaged_backend.h"

namespace ukstore::tests {
namespace {

class DamagedSnapshot final : public Snapshot {
 public:
  DamagedSnapshot(std::unique_ptr<Snapshot> under, const Damage& damage)
      : under_(std::move(under)), damage_(damage) {}

  Result<std::optional<BytesView>> get(BytesView key) const override {
    auto value = under_->get(key);
    if (!value || !*value || !damage_.record) return value;
    Bytes& kept = kept_[Bytes(key)];
    kept = **value;
    if (!damage_.record(key, kept)) return std::nullopt;
    return BytesView(kept);
  }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    return under_->scan(prefix, from, direction, [&](BytesView key, BytesView value) {
      Bytes changed(value);
      if (damage_.record && !damage_.record(key, changed)) return Flow::go_on;
      return visit(key, changed);
    });
  }
  Result<uint64_t> last_segment() const override { return under_->last_segment(); }

 private:
  const std::unique_ptr<Snapshot> under_;
  const Damage& damage_;
  mutable std::map<Bytes, Bytes> kept_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> DamagedBackend::snapshot() const {
  auto under = under_.snapshot();
  if (!under) return under;
  return std::make_unique<DamagedSnapshot>(std::move(*under), damage_);
}

Result<std::optional<BytesView>> DamagedBackend::segment(uint64_t number) const {
  auto bytes = under_.segment(number);
  if (!bytes || !*bytes || !damage_.segment) return bytes;
  std::lock_guard lock(mutex_);
  auto [kept, is_new] = segments_.try_emplace(number);
  if (is_new) {
    Bytes changed(**bytes);
    damage_.segment(number, changed);
    kept->second.resize((changed.size() + 7) / 8);
    std::memcpy(kept->second.data(), changed.data(), changed.size());
  }
  return BytesView(reinterpret_cast<const char*>(kept->second.data()), (*bytes)->size());
}

}  // namespace ukstore::tests
