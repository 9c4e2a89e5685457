#include <ukstore/store/store.h>

#include <ukstore/store/local_store.h>
#include <ukstore/store/records.h>

namespace ukstore {
namespace {

enum class Found { store, nothing };

// Whether the backend holds a store.
Result<Found> look(const Backend& backend) {
  auto snapshot = backend.snapshot();
  if (!snapshot) return pass_on(snapshot);
  auto format = (*snapshot)->get(record_key(kFormatPrefix));
  if (!format) return pass_on(format);
  if (*format) {
    auto known = check_format_record(**format);
    if (!known) return pass_on(known);
    return Found::store;
  }
  bool heads = false;
  for (char prefix : {kHeadPrefix, kTagPrefix, kJournalPrefix}) {
    auto ok =
        (*snapshot)->scan(record_key(prefix), {}, Direction::forward, [&](BytesView, BytesView) {
          heads = true;
          return Flow::stop;
        });
    if (!ok) return pass_on(ok);
  }
  if (heads) return fail(Error::Kind::corrupt, "the store has heads but no format record");
  return Found::nothing;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Backend> backend, StoreOptions options) {
  auto found = look(*backend);
  if (found && *found == Found::nothing) {
    auto write = backend->write();
    if (!write) return pass_on(write);
    // Another process may have made it meanwhile.
    found = look(*backend);
    if (found && *found == Found::nothing) {
      auto ok = (*write)->put(record_key(kFormatPrefix), format_record());
      if (ok) ok = (*write)->commit(Durability::durable);
      if (!ok) return pass_on(ok, "making a store");
    }
  }
  if (!found) return pass_on(found);
  return std::make_unique<LocalStore>(std::move(backend), std::move(options));
}

}  // namespace ukstore
