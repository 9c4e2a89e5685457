#include <ukstore/store/payload.h>

#include <ukstore/store/rope.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

// A blob, which may be in the store already: payloads repeat, nodes hardly do.
Result<ObjectRef> stage_blob(const ObjectStore& objects, Arena& arena, BytesView bytes) {
  Hash hash = hash_object(ObjectKind::blob, bytes);
  auto address = objects.find(hash);
  if (!address) return pass_on(address);
  if (*address) return ObjectRef{hash, **address};
  return arena.add(ObjectKind::blob, hash, bytes, {});
}

Result<ObjectView> load_part(const ObjectStore& objects, const ObjectRef& ref, ObjectKind kind) {
  auto view = objects.load(ref);
  if (!view) return view;
  if (view->kind == kind) return view;
  return fail(Error::Kind::corrupt, "object " + to_hex(ref.hash) + " is no part of a payload");
}

using Visit = std::function<Flow(BytesView)>;

// Visits the bytes of a rope from `offset` on; `stop` if the visitor said so.
Result<Flow> visit_rope(const ObjectStore& objects, const ObjectRef& ref, int level_above,
                        uint64_t offset, const Visit& visit) {
  auto view = load_part(objects, ref, ObjectKind::rope);
  if (!view) return pass_on(view);
  RopeView rope(*view);
  if (level_above >= 0 && rope.level() + 1 != level_above) {
    return fail(Error::Kind::corrupt, "rope " + to_hex(ref.hash) + " is of the wrong level");
  }
  for (uint32_t i = 0; i < rope.count(); ++i) {
    RopeItem item = rope.item(i);
    if (offset >= item.size) {
      offset -= item.size;
      continue;
    }
    if (rope.level() > 0) {
      auto flow = visit_rope(objects, item.ref, rope.level(), offset, visit);
      if (!flow || *flow == Flow::stop) return flow;
    } else {
      auto chunk = load_part(objects, item.ref, ObjectKind::blob);
      if (!chunk) return pass_on(chunk);
      if (chunk->bytes.size() != item.size) {
        return fail(Error::Kind::corrupt, "chunk " + to_hex(item.ref.hash) + " has another size");
      }
      if (visit(chunk->bytes.substr(offset)) == Flow::stop) return Flow::stop;
    }
    offset = 0;
  }
  return Flow::go_on;
}

}  // namespace

struct PayloadWriter::State {
  const ObjectStore& objects;
  std::shared_ptr<Arena> arena;
  Bytes pending{};                              // not yet cut
  uint64_t size = 0;                            // of all pieces
  bool is_long = false;                         // whether chunks have been cut
  std::vector<std::vector<RopeItem>> levels{};  // the open node of each level

  Result<void> add(size_t level, RopeItem item) {
    if (levels.size() == level) levels.emplace_back();
    bool ends = is_rope_boundary(item.ref.hash, levels[level].size());
    levels[level].push_back(item);
    return ends ? close(level) : Result<void>();
  }
  // Ends the open node of a level and lists it in the one above.
  Result<void> close(size_t level) {
    std::vector<RopeItem> items = std::exchange(levels[level], {});
    return add(level + 1, name(level, items));
  }
  RopeItem name(size_t level, const std::vector<RopeItem>& items) {
    std::vector<Address> side;
    RopeItem node;
    for (const RopeItem& item : items) {
      side.push_back(item.ref.address);
      node.size += item.size;
    }
    uint8_t number = static_cast<uint8_t>(level);
    node.ref = arena->add(ObjectKind::rope, encode_rope(number, items), side);
    return node;
  }
  // Cuts what is certain: a chunk depends on no more than kChunkBytesMax bytes.
  Result<void> cut(size_t keep) {
    size_t at = 0;
    while (pending.size() - at > keep) {
      BytesView rest = BytesView(pending).substr(at);
      size_t length = chunk_length(rest);
      auto ref = stage_blob(objects, *arena, rest.substr(0, length));
      if (!ref) return pass_on(ref);
      if (auto ok = add(0, {*ref, length}); !ok) return ok;
      if (auto ok = arena->relieve(); !ok) return ok;
      at += length;
      is_long = true;
    }
    pending.erase(0, at);
    return {};
  }
  // The root: the first level with one node.
  Result<ObjectRef> root() {
    for (size_t level = 0;; ++level) {
      bool top = level + 1 == levels.size();
      if (top && levels[level].size() == 1 && level > 0) return levels[level][0].ref;
      if (levels[level].empty()) continue;
      if (top) return name(level, levels[level]).ref;
      if (auto ok = close(level); !ok) return pass_on(ok);
    }
  }
};

PayloadWriter::PayloadWriter(const ObjectStore& objects, std::shared_ptr<Arena> arena)
    : state_(new State{objects, std::move(arena)}) {}
PayloadWriter::~PayloadWriter() = default;

Result<void> PayloadWriter::append(BytesView piece) {
  // Pieces of any size: a bounded part at a time, so that `pending` stays small.
  constexpr size_t kStep = 4 * kChunkBytesMax;
  state_->size += piece.size();
  for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kStep))) {
    state_->pending.append(piece.substr(0, kStep));
    if (state_->pending.size() < 2 * kChunkBytesMax) continue;
    if (auto ok = state_->cut(kChunkBytesMax); !ok) return ok;
  }
  return {};
}

Result<Payload> PayloadWriter::finish() {
  State& state = *state_;
  Payload payload{.size = state.size};
  if (!state.is_long && state.size <= kBlobBytesMax) {
    if (state.size <= kInlineBytesMax) {
      payload.form = PayloadForm::inlined;
      payload.inlined = std::move(state.pending);
      return payload;
    }
    auto ref = stage_blob(state.objects, *state.arena, state.pending);
    if (!ref) return pass_on(ref);
    payload.form = PayloadForm::blob;
    payload.object = *ref;
  } else {
    if (auto ok = state.cut(0); !ok) return pass_on(ok);
    auto root = state.root();
    if (!root) return pass_on(root);
    payload.form = PayloadForm::rope;
    payload.object = *root;
  }
  payload.arena = state.arena;
  return payload;
}

Result<Payload> make_payload(const ObjectStore& objects, const std::shared_ptr<Arena>& arena,
                             BytesView bytes) {
  if (bytes.size() <= kInlineBytesMax) {
    return Payload{.form = PayloadForm::inlined, .inlined = Bytes(bytes), .size = bytes.size()};
  }
  if (bytes.size() <= kBlobBytesMax) {
    auto ref = stage_blob(objects, *arena, bytes);
    if (!ref) return pass_on(ref);
    return Payload{.form = PayloadForm::blob, .object = *ref, .size = bytes.size(), .arena = arena};
  }
  PayloadWriter writer(objects, arena);
  if (auto ok = writer.append(bytes); !ok) return pass_on(ok);
  return writer.finish();
}

PayloadReader::PayloadReader(const ObjectStore& objects, Payload payload)
    : objects_(objects), payload_(std::move(payload)) {}

Result<void> PayloadReader::visit(uint64_t offset, const Visit& piece) const {
  if (offset >= payload_.size) return {};
  if (payload_.form == PayloadForm::inlined) {
    piece(BytesView(payload_.inlined).substr(offset));
    return {};
  }
  if (payload_.form == PayloadForm::blob) {
    auto view = load_part(objects_, payload_.object, ObjectKind::blob);
    if (!view) return pass_on(view);
    if (view->bytes.size() != payload_.size) {
      return fail(Error::Kind::corrupt,
                  "blob " + to_hex(payload_.object.hash) + " has another size than its entry says");
    }
    piece(view->bytes.substr(offset));
    return {};
  }
  uint64_t seen = offset;
  auto count = [&](BytesView bytes) {
    seen += bytes.size();
    return piece(bytes);
  };
  auto flow = visit_rope(objects_, payload_.object, -1, offset, count);
  if (!flow) return pass_on(flow);
  if (*flow == Flow::go_on && seen != payload_.size) {
    return fail(Error::Kind::corrupt,
                "rope " + to_hex(payload_.object.hash) + " has another size than its entry says");
  }
  return {};
}

Result<size_t> PayloadReader::read(uint64_t offset, std::span<char> to) const {
  size_t filled = 0;
  if (to.empty()) return filled;
  auto ok = visit(offset, [&](BytesView piece) {
    size_t size = std::min(piece.size(), to.size() - filled);
    std::memcpy(to.data() + filled, piece.data(), size);
    filled += size;
    return filled == to.size() ? Flow::stop : Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  return filled;
}

Result<Bytes> PayloadReader::read_all() const {
  Bytes all;
  auto ok = visit(0, [&](BytesView piece) {
    all.append(piece);
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  return all;
}

}  // namespace ukstore
