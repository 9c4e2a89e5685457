// Archives of unknown origin.  Never a crash; what is taken comes out, if its names allow, as an
// archive that gives the same archive.
#include <ukstore/merge/exchange/tar.h>
#include <ukstore/store/memory_backend.h>

#include <cstdlib>

using namespace ukstore;

namespace {

void must(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto store = *Store::open(make_memory_backend());
  ViewSource source({reinterpret_cast<const char*>(data), size});
  if (!import_tar(*store, "main", source)) return 0;
  BytesSink out;
  if (!export_tar(*Repo(*store, {}).branch("main").state(), out)) return 0;
  auto other = *Store::open(make_memory_backend());
  ViewSource again(out.bytes());
  must(import_tar(*other, "main", again).has_value());
  BytesSink out_again;
  must(export_tar(*Repo(*other, {}).branch("main").state(), out_again).has_value());
  must(out.bytes() == out_again.bytes());
  return 0;
}
