#pragma once
// Edits of a nested tree, collected in any order and made as one batch.

#include <ukstore/store/tree.h>

#include <map>

namespace ukstore {

struct EditTree {
  struct Node {
    Edit::Part payload = Edit::Part::keep;
    uint8_t kind = 0;
    std::variant<Bytes, Payload> new_payload{};
    bool clears_child = false;  // the old child goes before `below` is made
    std::map<Bytes, Node, std::less<>> below{};

    void set(uint8_t to_kind, std::variant<Bytes, Payload> to) {
      payload = Edit::Part::set;
      kind = to_kind;
      new_payload = std::move(to);
    }
    void drop() { payload = Edit::Part::drop; }
  };
  Node root;

  bool empty() const { return root.below.empty(); }
  // The node at a path, made if need be.
  Node& at(BytesView path);
  // The tree with all edits made.
  Result<Tree> apply_to(const Tree& tree) const;
};

}  // namespace ukstore
