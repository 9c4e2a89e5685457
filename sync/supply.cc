// Objects that a stream names and this end lacks.
#include <ukstore/sync/intake.h>

#include <ukstore/store/links.h>
#include <ukstore/store/validate.h>

namespace ukstore {

Result<std::optional<Address>> Intake::locate(const Hash& object) const {
  if (auto staged = objects_.find(object); staged != objects_.end()) return staged->second;
  return store_.objects().find(object);
}

Result<bool> Intake::has(const Hash& object) const {
  auto found = locate(object);
  if (!found) return pass_on(found);
  return found->has_value();
}

Result<void> Intake::supply(ObjectKind kind, BytesView bytes, const Hash& expected) {
  if (broken_) return std::unexpected(*broken_);
  auto broken = [&](Error error) -> std::unexpected<Error> {
    broken_ = std::move(error);
    return std::unexpected(*broken_);
  };
  if (hash_object(kind, bytes) != expected) {
    return broken(
        {Error::Kind::corrupt, "from a peer: other bytes than object " + to_hex(expected)});
  }
  auto here = has(expected);
  if (!here) return pass_on(here);
  if (*here) return {};
  auto count = named_objects(kind, bytes);
  if (!count) return broken(count.error());
  // Links are looked up by name, so a side array of zeros serves.
  std::vector<uint64_t> zeros(*count);
  ObjectView view{kind, bytes, reinterpret_cast<const char*>(zeros.data()), *count};
  auto find = [&](const Hash& hash) -> Result<Address> {
    auto found = locate(hash);
    if (!found) return pass_on(found);
    if (*found) return **found;
    return fail(Error::Kind::corrupt, "from a peer: object " + to_hex(hash) + " has not come");
  };
  std::vector<Address> side;
  Result<void> good;
  visit_links(view, [&](const Link& link) {
    if (!good) return;
    auto address = find(link.ref.hash);
    if (address)
      side.push_back(*address);
    else
      good = pass_on(address);
  });
  if (!good) return broken(good.error());
  auto checked = check_links(view, [&](const ObjectRef& ref) -> Result<ObjectView> {
    auto address = find(ref.hash);
    if (!address) return pass_on(address);
    return store_.objects().load(ref.hash, *address);
  });
  if (!checked) return broken(checked.error());
  objects_.emplace(expected, arena_->add(kind, expected, bytes, side).address);
  if (arena_->unwritten_bytes() < options_.unwritten_bytes_max) return {};
  auto written = write_staged();
  if (!written) return broken(written.error());
  return {};
}

}  // namespace ukstore
