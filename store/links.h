#pragma once
// What an object names, and what must hold between it and the objects that it names: the part of
// the format's rules that no object can show alone (docs/format.md).  Used at the door for whole
// histories, and by the check.

#include <ukstore/store/object_store.h>

#include <functional>

namespace ukstore {

// One name in an object.
struct Link {
  enum class Role {
    root,        // the root node of a commit's tree
    child_tree,  // the root node of an entry's child: `count` entries, `bytes` in all
    node,        // a node under an inner one: `level`, last key `key`, `count`, `bytes`
    blob,        // a payload of `bytes`
    rope,        // a long payload of `bytes`
    rope_node,   // a rope under a rope: `level`, `bytes`
    chunk,       // a chunk of `bytes`
    commit,      // a parent
    target,      // of a tag: an object of `kind`
  };
  Role role{};
  ObjectRef ref;
  ObjectKind kind{};
  uint8_t level = 0;
  bool is_last = false;  // node, rope_node, chunk: nothing follows under the same parent
  Bytes key;
  uint64_t count = 0;
  uint64_t bytes = 0;
};

// Visits the links of an object that has passed `validate`, in the order of its side array.
void visit_links(const ObjectView& object, const std::function<void(const Link&)>& visit);

// How to find an object that is named.
using FindObject = std::function<Result<ObjectView>(const ObjectRef&)>;

// Checks an object that has passed `validate` against all that it names: that they are there, of
// the right kind, level, last key, size and count, that nodes end where the rules say, that nothing
// is out of line or a tree of its own that belongs into its entry, and that a commit's generation
// is one above its parents'. `corrupt`, or what `find` fails with.
Result<void> check_links(const ObjectView& object, const FindObject& find);

}  // namespace ukstore
