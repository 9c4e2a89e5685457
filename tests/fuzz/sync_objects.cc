// Objects of unknown origin, under names that fit them, and grants: never a crash; what a store
// takes is whole.
#include <ukstore/merge/ukstore.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/validate.h>
#include <ukstore/sync/intake.h>
#include <ukstore/sync/rights.h>

#include <cstdlib>

using namespace ukstore;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const auto kind = static_cast<ObjectKind>(1 + data[0] % 4);  // what a state is made of
  const BytesView bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  auto store = Store::open(make_memory_backend());
  if (!store) std::abort();
  const TypeRegistry types;
  Intake in(**store, types, {.tracking = "remotes/p/main"});
  const Hash name = hash_object(kind, bytes);
  auto supplied = in.supply(kind, bytes, name);
  auto count = named_objects(kind, bytes);
  // Only what is valid is taken, and of that only what names nothing that is not here.
  if (supplied && (!count || *count > 0 || !in.has(name).value_or(false))) std::abort();
  if (!supplied && count && *count == 0) std::abort();
  if (!supplied && in.take({})) std::abort();

  const size_t split = bytes.find('\n');
  const Grant grant{Bytes(64, 'a'), Right::read, Bytes(bytes.substr(0, split))};
  if (check(grant) && split != BytesView::npos)
    (void)matches(grant.pattern, bytes.substr(split + 1));
  (void)right_named(bytes);
  return 0;
}
