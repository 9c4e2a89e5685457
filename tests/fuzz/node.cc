// Bytes of unknown origin as a node, a rope or a value: never a crash, and what is accepted is
// readable and canonical.
#include <ukstore/store/node.h>

#include <ukstore/store/rope.h>
#include <ukstore/store/validate.h>
#include <ukstore/store/value.h>

#include <cstdlib>

using namespace ukstore;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  BytesView bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  ObjectKind kind = static_cast<ObjectKind>(data[0] % 3 + 1);
  if (kind == ObjectKind::blob) {
    if (auto named = validate_rope(bytes)) {
      RopeView rope({.kind = ObjectKind::rope, .bytes = bytes});
      for (uint32_t i = 0; i < rope.count(); ++i) rope.item(i);
    }
    return 0;
  }
  auto named = validate_node(kind, bytes);
  if (!named) return 0;
  std::vector<char> side(8 * *named, '\1');
  NodeView node({.kind = kind, .bytes = bytes, .side = side.data(), .side_count = *named});
  totals(node);
  for (uint32_t i = 0; i < node.count(); ++i) {
    Bytes key = node.key(i);
    if (node.lower_bound(key) != i || !node.has_key_at(i, key)) abort();
    if (node.is_leaf()) {
      Entry entry = entry_at(node, i);
      if (entry.embedded.bytes.size() > kEmbeddedBytesMax) abort();
    } else {
      node.child(i);
    }
  }
  return 0;
}
