// Texts of unknown origin as JSON.  Never a crash; what is taken comes out as a text that gives the
// same state.
#include <ukstore/merge/exchange/json.h>
#include <ukstore/store/memory_backend.h>

#include <cstdlib>

using namespace ukstore;

namespace {

void must(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  BytesView text(reinterpret_cast<const char*>(data), size);
  JsonImportOptions options;
  if (size > 0 && data[0] == 'k') {
    options.key_field = "id";
    text.remove_prefix(1);
  }
  auto store = *Store::open(make_memory_backend());
  ViewSource source(text);
  if (!import_json(*store, "main", source, options)) return 0;
  BytesSink out;
  must(export_json(*Repo(*store, {}).branch("main").state(), out).has_value());
  auto other = *Store::open(make_memory_backend());
  ViewSource again(out.bytes());
  must(import_json(*other, "main", again).has_value());
  BytesSink out_again;
  must(export_json(*Repo(*other, {}).branch("main").state(), out_again).has_value());
  must(out.bytes() == out_again.bytes());
  return 0;
}
