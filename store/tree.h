#pragma once
// Trees: ordered maps from keys to entries, as immutable values with a name.
//
// A tree is a history-independent B-tree ("prolly tree"): where its nodes end is decided by the
// keys and sizes themselves (boundary.h), so equal contents have equal bytes and one root hash,
// whatever the order of the edits that led there, and an edit rewrites O(log n) nodes.  One
// structure serves as directory, map, set, log: they differ in keys and in what the payloads mean,
// which nobody here knows.
//
// An entry has a kind (a small number that belongs to the payload's owner), a payload, a child
// tree, or both.  An entry with neither does not exist: empty directories vanish.  Child trees of
// under 128 bytes are embedded in the entry, larger ones are stored once and named.
//
// Limits: a key is 1 to 512 bytes.  A path is steps of 1 to 255 bytes joined by '/', at most 4,096
// bytes in all; a step holds no NUL and no '/'.  The empty path is the tree itself.
//
// Whatever goes down a path does so without recursion, but for the making and freeing of a list of
// nested edits, which takes some hundred bytes of stack a step: the longest path that the limits
// allow (2,048 steps of one byte) is edited on a stack of 2 MiB.
//
// Trees are cheap to copy (a few words).  Reading is safe from several threads; editing makes nodes
// in the tree's arena, which one thread uses at a time.  A tree borrows its store.

#include <ukstore/store/object_store.h>
#include <ukstore/store/payload.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace ukstore {

constexpr size_t kKeyBytesMax = 512;
constexpr size_t kStepBytesMax = 255;
constexpr size_t kPathBytesMax = 4096;

enum class ChildForm : uint8_t { none = 0, embedded = 1, stored = 2 };

// What a key maps to, in place: valid while the store is open and the tree it came from lives.
struct Entry {
  uint8_t kind = 0;
  PayloadForm payload_form = PayloadForm::none;
  ChildForm child_form = ChildForm::none;
  BytesView inlined;          // payload form inlined
  ObjectRef object;           // payload forms blob and rope
  uint64_t payload_size = 0;  // bytes of the payload
  ObjectView embedded;        // child form embedded: the child's one node
  ObjectRef child;            // child form stored
  uint64_t child_count = 0;   // entries of the child tree (form stored)
  uint64_t child_bytes = 0;   // its logical size (form stored)
  BytesView encoded;          // the canonical bytes of all this: equal entries have equal ones

  bool has_payload() const { return payload_form != PayloadForm::none; }
  bool has_child() const { return child_form != ChildForm::none; }
  bool operator==(const Entry& other) const { return encoded == other.encoded; }
};

class Tree;

// One change of one key.  Parts that are not named keep what they are.
struct Edit {
  enum class Part { keep, drop, set, edit };

  Bytes key;
  Part payload = Part::keep;                   // keep, drop or set
  uint8_t kind = 0;                            // of the payload that is set
  std::variant<Bytes, Payload> new_payload{};  // its bytes, or a form made before
  Part child = Part::keep;
  std::shared_ptr<const Tree> new_child{};  // for `set`; an empty tree drops the child
  std::vector<Edit> child_edits{};          // for `edit`, sorted by key, unique

  // The key maps to this payload and nothing else: a child is dropped.
  static Edit put(Bytes key, uint8_t kind, std::variant<Bytes, Payload> payload);
  // The key maps to nothing.
  static Edit remove(Bytes key);
  // The key maps to this tree and nothing else.
  static Edit put_tree(Bytes key, Tree tree);
  // Edits the child of the key, making it if need be; the payload stays.
  static Edit inside(Bytes key, std::vector<Edit> child_edits);
};

// A key with its entry; the key is copied, the entry is in place.
struct Item {
  Bytes key;
  Entry entry;
};

// Called for each item in order; `key` is valid during the call.
using ItemVisitor = std::function<Flow(BytesView key, const Entry& entry)>;

class Tree {
 public:
  // The empty tree.
  explicit Tree(const ObjectStore& objects);
  // The tree whose root node has this name.
  static Result<Tree> load(const ObjectStore& objects, const ObjectRef& root);

  // The name of the root node.
  Hash hash() const;
  // Entries at this level (children's entries not counted), and the logical size: the bytes of keys
  // and payloads of all levels.
  uint64_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }
  bool empty() const { return count_ == 0; }
  // Equal contents.
  bool operator==(const Tree& other) const { return hash() == other.hash(); }

  // ---- One level, by key.
  Result<std::optional<Entry>> find(BytesView key) const;
  // How many keys are below `key`.
  Result<uint64_t> rank(BytesView key) const;
  // The item with `index` keys below it; nullopt past the end.
  Result<std::optional<Item>> select(uint64_t index) const;
  // Visits the items with keys in [from, to), forward or backward.  An empty `to` is no upper end.
  Result<void> scan(BytesView from, BytesView to, Direction direction,
                    const ItemVisitor& visit) const;
  // At most `limit` items from the `offset`-th on: a page.
  Result<std::vector<Item>> list(uint64_t offset = 0, uint64_t limit = UINT64_MAX) const;
  // The tree with these edits made; they are sorted by key and unique.  Costs what they touch.
  // `invalid` for keys or an order out of the limits.  The same tree comes back if nothing changes.
  Result<Tree> apply(std::span<const Edit> edits) const;

  // ---- What an entry holds.
  // The child tree of an entry of this tree (or of one below it); an empty tree if it has none.
  Result<Tree> child(const Entry& entry) const;
  // The payload as an owning value, and all its bytes.
  Payload payload(const Entry& entry) const;
  Result<Bytes> read(const Entry& entry) const;

  // ---- Paths.
  // The entry at a path; nullopt if there is none.  The empty path has no entry: it is the tree
  // itself.
  Result<std::optional<Entry>> at(BytesView path) const;
  // The bytes of the payload at a path; nullopt if there is none.
  Result<std::optional<Bytes>> get(BytesView path) const;
  // The tree at a path; the empty tree if there is none.
  Result<Tree> subtree(BytesView path) const;
  // Sets one payload; payloads at proper prefixes of the path, and a child at it, give way.
  Result<Tree> set(BytesView path, BytesView payload, uint8_t kind = 0) const;
  Result<Tree> set_tree(BytesView path, const Tree& tree) const;
  Result<Tree> remove(BytesView path) const;

  const ObjectStore& objects() const { return *objects_; }
  // The root as a named object, staged if it was embedded: what a commit points to.
  ObjectRef root() const;
  // Where edits of this tree stage their nodes; made on first use.
  std::shared_ptr<Arena> arena() const;
  // This tree with another arena for the edits to come; with a new one that keeps both if `arena`
  // is older than the tree's own.
  Tree in(std::shared_ptr<Arena> arena) const;

 private:
  friend class TreeAccess;  // tree_edit.cc, tree_cursor.h, diff.cc
  const ObjectStore* objects_;
  mutable std::shared_ptr<Arena> arena_;
  ObjectView node_;  // the root node, in place
  ObjectRef ref_;    // its name; zero hash if embedded
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
};

// Checks of keys and paths: `invalid`, naming what is wrong, or nothing.
Result<void> check_key(BytesView key);
Result<void> check_path(BytesView path);
// The steps of a checked path.
std::vector<BytesView> split_path(BytesView path);
// Bytes that are not printable ASCII or UTF-8 as \xNN, for messages.
std::string printable(BytesView bytes);

// Collects edits by path in any order (a later one for the same path wins, and covers what lies
// below it) and hands them to `Tree::apply` as one sorted batch.
class PathEdits {
 public:
  PathEdits& set(BytesView path, std::variant<Bytes, Payload> payload, uint8_t kind = 0);
  PathEdits& set_tree(BytesView path, Tree tree);
  PathEdits& remove(BytesView path);
  bool empty() const { return root_.children.empty(); }

  // The tree with all edits made.  `invalid` names a bad path.
  Result<Tree> apply_to(const Tree& tree) const;

 private:
  struct Node {
    std::optional<Edit> edit{};  // what is set or removed at this step itself
    bool gives_way = false;      // something was written below: no payload stays here
    std::map<Bytes, Node, std::less<>> children{};
  };
  enum class Above { stays, gives_way };
  Node& node(BytesView path, Above above);
  void replace(BytesView path, Above above, Edit edit);
  static Result<std::vector<Edit>> edits_of(const Node& node, const Tree& empty);
  Node root_;
  std::optional<Error> error_;
};

// Builds a tree from items in rising order of keys, in one pass, in memory that does not grow with
// their number if the arena spills: for imports.
class TreeBuilder {
 public:
  TreeBuilder(const ObjectStore& objects, std::shared_ptr<Arena> arena);
  ~TreeBuilder();
  TreeBuilder(const TreeBuilder&) = delete;

  // `key` is above all before; else `invalid`.
  Result<void> add(BytesView key, uint8_t kind, BytesView payload);
  Result<void> add(BytesView key, uint8_t kind, const Payload& payload);
  Result<void> add_tree(BytesView key, const Tree& child);
  Result<Tree> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ukstore
