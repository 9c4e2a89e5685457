// Streams of fast-import of unknown origin.  Never a crash; a stream that is refused leaves no ref;
// one that is taken comes out as a stream that gives the same commits.
#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/store/memory_backend.h>

#include <cstdlib>

using namespace ukstore;

namespace {

void must(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ViewSource source({reinterpret_cast<const char*>(data), size});
  auto store = *Store::open(make_memory_backend());
  auto imported = import_git(*store, source);
  if (!imported) {
    must(store->refs(RefKind::branch)->empty() && store->refs(RefKind::tag)->empty());
    return 0;
  }
  BytesSink out;
  auto exported = export_git(*store, out);
  if (!exported) return 0;  // a name that git does not take, a tag on a tag that is gone
  auto other = *Store::open(make_memory_backend());
  ViewSource again(out.bytes());
  must(import_git(*other, again).has_value());
  must(*store->refs(RefKind::branch) == *other->refs(RefKind::branch));
  return 0;
}
