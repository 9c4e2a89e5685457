// Slices from hostile bytes: whatever is accepted leaves a store that the deep check finds clean.

#include <ukstore/store/check.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/slice.h>

#include <cstdlib>
#include <cstring>

using namespace ukstore;

namespace {

// Lets the backend outlive the store.
class Lent final : public Backend {
 public:
  explicit Lent(Backend& under) : under_(under) {}
  Result<std::unique_ptr<Snapshot>> snapshot() const override { return under_.snapshot(); }
  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    return under_.segment(number);
  }
  Result<std::unique_ptr<Write>> write() override { return under_.write(); }
  std::string_view name() const override { return "lent"; }
  uint64_t size_bytes() const override { return under_.size_bytes(); }

 private:
  Backend& under_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::unique_ptr<Backend> backend = make_memory_backend();
  auto store = Store::open(std::make_unique<Lent>(*backend)).value();
  BytesView left(reinterpret_cast<const char*>(data), size);
  auto applied = apply_slice(*store, [&](std::span<char> to) -> Result<size_t> {
    size_t taken = std::min(to.size(), left.size());
    std::memcpy(to.data(), left.data(), taken);
    left.remove_prefix(taken);
    return taken;
  });
  if (!applied) return 0;
  for (const Ref& ref : applied->heads) {
    auto done = store->transact([&](Transaction& transaction) -> Result<void> {
      auto now = transaction.head(ref.kind, ref.name);
      if (!now) return pass_on(now);
      return transaction.compare_and_set(ref.kind, ref.name, *now, ref.head);
    });
    if (!done) std::abort();
  }
  store.reset();
  auto report = check_store(*backend, {.depth = CheckOptions::Depth::deep});
  if (!report || !report->clean()) std::abort();
  return 0;
}
