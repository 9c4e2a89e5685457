#include <ukstore/sync/edits.h>

#include <ukstore/store/byte_reader.h>
#include <ukstore/store/diff.h>
#include <ukstore/store/varint.h>

#include <algorithm>

namespace ukstore {
namespace {

// The first byte of an edit: what becomes of the payload and the child; the upper five bits count
// the keys behind the shared ones, 0 if they do not fit.
enum : uint8_t {
  kKeep = 0,
  kDrop = 1,
  kSetBytes = 2,
  kSetNamed = 3,
  kPayloadMask = 3,
  kDropChild = 4
};
constexpr int kKeysShift = 3;
constexpr size_t kKeysInHeadMax = 31;

bool has_payload(const std::optional<Entry>& entry) { return entry && entry->has_payload(); }
bool has_child(const std::optional<Entry>& entry) { return entry && entry->has_child(); }

bool same_payload(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  if (!has_payload(a) || !has_payload(b)) return has_payload(a) == has_payload(b);
  return a->kind == b->kind && a->payload_form == b->payload_form && a->inlined == b->inlined &&
         a->object == b->object && a->payload_size == b->payload_size;
}

size_t shared_bytes(BytesView a, BytesView b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

std::unexpected<Error> corrupt(const char* what) {
  return fail(Error::Kind::corrupt, std::string("edits: ") + what);
}

}  // namespace

// ---- Writing.

struct EditWriter::Piece {
  Bytes& to;
  const size_t end;
  const KeyPath resume;  // where the piece before ended
  KeyPath path;          // where the walk stands
  KeyPath previous{};    // the path of the edit before, in this piece
  Result<void> good{};
};

Result<More> EditWriter::append(Bytes& to, size_t bytes_max) {
  Piece piece{to, to.size() + bytes_max, last_, {}};
  auto flow = walk(before_, after_, 0, !last_.empty(), piece);
  if (!flow) return pass_on(flow);
  return *flow == Flow::stop ? More::yes : More::no;
}

Result<Flow> EditWriter::walk(const Tree& before, const Tree& after, size_t depth, bool resumes,
                              Piece& piece) {
  Flow flow = Flow::go_on;
  const BytesView from = resumes ? BytesView(piece.resume[depth]) : BytesView();
  auto visit = [&](BytesView key, const std::optional<Entry>& b, const std::optional<Entry>& a) {
    const bool again = resumes && key == piece.resume[depth];
    piece.path.emplace_back(key);
    bool edits = !same_payload(b, a) || (has_child(b) && !has_child(a));
    if (!again && edits) write(piece, after, b, a);
    if (!piece.good || piece.to.size() > piece.end) {
      flow = Flow::stop;
    } else if (has_child(a)) {
      auto child = after.child(*a);
      auto old = b ? before.child(*b) : Result<Tree>(Tree(before.objects()));
      auto below =
          !child ? Result<Flow>(pass_on(child))
          : !old ? Result<Flow>(pass_on(old))
                 : walk(*old, *child, depth + 1, again && piece.resume.size() > depth + 1, piece);
      if (!below) piece.good = pass_on(below);
      flow = below ? *below : Flow::stop;
    }
    piece.path.pop_back();
    return flow;
  };
  if (auto ok = diff_from(from, before, after, visit); !ok) return pass_on(ok);
  if (!piece.good) return pass_on(piece.good);
  return flow;
}

void EditWriter::write(Piece& piece, const Tree& after, const std::optional<Entry>& from,
                       const std::optional<Entry>& to) {
  const KeyPath &path = piece.path, &before = piece.previous;
  const size_t shared = std::ranges::mismatch(path, before).in1 - path.begin();
  const size_t keys = path.size() - shared;
  const bool named = has_payload(to) && to->payload_form == PayloadForm::rope;
  uint8_t head = static_cast<uint8_t>((keys <= kKeysInHeadMax ? keys : 0) << kKeysShift);
  if (!same_payload(from, to)) head |= !has_payload(to) ? kDrop : named ? kSetNamed : kSetBytes;
  if (has_child(from) && !has_child(to)) head |= kDropChild;
  piece.to.push_back(static_cast<char>(head));
  if (keys > kKeysInHeadMax) append_varint(piece.to, keys);
  append_varint(piece.to, shared);
  for (size_t i = shared; i < path.size(); ++i) {
    size_t same = 0;
    if (i == shared && i < before.size()) {
      same = shared_bytes(path[i], before[i]);
      append_varint(piece.to, same);
    }
    append_varint(piece.to, path[i].size() - same);
    piece.to.append(path[i], same);
  }
  if (uint8_t payload = head & kPayloadMask; payload >= kSetBytes) {
    piece.to.push_back(static_cast<char>(to->kind));
    append_varint(piece.to, to->payload_size);
    if (payload == kSetNamed) {
      piece.to += to->object.hash.view();
    } else if (to->payload_form == PayloadForm::inlined) {
      piece.to += to->inlined;
    } else {
      auto bytes = after.read(*to);
      if (bytes)
        piece.to += *bytes;
      else
        piece.good = pass_on(bytes);
    }
  }
  piece.previous = path;
  last_ = path;
  ++edits_;
}

// ---- Reading.

namespace {

class EditReader {
 public:
  explicit EditReader(BytesView piece) : in_(piece) {}

  Result<TreeEdits> run() {
    while (!in_.empty()) {
      if (auto ok = read_one(); !ok) return pass_on(ok);
      ++out_.count;
    }
    return std::move(out_);
  }

 private:
  std::optional<BytesView> take(uint64_t size) {
    if (size > in_.size()) return std::nullopt;
    BytesView taken = in_.substr(0, size);
    in_.remove_prefix(size);
    return taken;
  }

  Result<void> read_one() {
    const uint8_t head = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    std::optional<uint64_t> keys = head >> kKeysShift;
    if (*keys == 0) {
      keys = take_varint(in_);
      if (!keys || *keys <= kKeysInHeadMax) return corrupt("a bad count of keys");
    }
    auto shared = take_varint(in_);
    if (!shared || *shared > path_.size()) return corrupt("a path shares more than there is");
    if (dropped_child_ && *shared == path_.size() && out_.count) {
      return corrupt("an edit below a child that goes");
    }
    if (auto ok = read_path(*shared, *keys); !ok) return ok;
    if ((head & (kPayloadMask | kDropChild)) == 0) return corrupt("an edit of nothing");
    Edit& edit = place(*shared);
    dropped_child_ = head & kDropChild;
    if (dropped_child_) edit.child = Edit::Part::drop;
    return read_payload(head & kPayloadMask, edit);
  }

  Result<void> read_path(size_t shared, uint64_t keys) {
    std::optional<Bytes> above;
    if (shared < path_.size()) above = path_[shared];
    path_.resize(shared);
    for (uint64_t i = 0; i < keys; ++i) {
      uint64_t same = 0;
      if (i == 0 && above) {
        auto taken = take_varint(in_);
        if (!taken || *taken > above->size()) return corrupt("a key shares more than there is");
        same = *taken;
      }
      auto size = take_varint(in_);
      auto rest = size ? take(*size) : std::nullopt;
      if (!rest || same + rest->size() == 0 || same + rest->size() > kKeyBytesMax) {
        return corrupt("a key of a bad size");
      }
      Bytes key = (i == 0 && above ? above->substr(0, same) : Bytes()).append(*rest);
      if (i == 0 && above) {
        if (key <= *above) return corrupt("keys do not rise");
        if (shared_bytes(key, *above) != same) return corrupt("a key shares less than it could");
      }
      path_.push_back(std::move(key));
      size_t bytes = 0;
      for (const Bytes& each : path_) bytes += each.size() + 1;
      if (bytes > kKeyPathBytesMax) return corrupt("a path is too long");
    }
    return {};
  }

  // The edit at the path, in the nested form; the first `shared` levels are those of the edit
  // before.
  Edit& place(size_t shared) {
    open_.resize(shared);
    for (size_t depth = shared; depth < path_.size(); ++depth) {
      auto& level = depth == 0 ? out_.edits : open_.back()->child_edits;
      if (depth > 0) open_.back()->child = Edit::Part::edit;
      level.push_back({.key = path_[depth]});
      open_.push_back(&level.back());
    }
    return *open_.back();
  }

  Result<void> read_payload(uint8_t payload, Edit& edit) {
    if (payload == kKeep) return {};
    if (payload == kDrop) {
      edit.payload = Edit::Part::drop;
      return {};
    }
    auto kind = take(1);
    auto size = take_varint(in_);
    if (!kind || !size) return corrupt("it ends early");
    edit.payload = Edit::Part::set;
    edit.kind = static_cast<uint8_t>(kind->front());
    if ((*size > kBlobBytesMax) != (payload == kSetNamed))
      return corrupt("a payload in a wrong form");
    auto bytes = take(payload == kSetNamed ? sizeof(Hash::bytes) : *size);
    if (!bytes) return corrupt("a payload ends early");
    if (payload == kSetBytes) {
      edit.new_payload = Bytes(*bytes);
      return {};
    }
    Payload named{
        .form = PayloadForm::rope, .object = {Hash::load(bytes->data()), {}}, .size = *size};
    out_.named.push_back({path_, named});
    edit.new_payload = std::move(named);
    return {};
  }

  BytesView in_;
  TreeEdits out_;
  KeyPath path_;             // of the edit read last
  std::vector<Edit*> open_;  // that edit and those above it
  bool dropped_child_ = false;
};

}  // namespace

Result<TreeEdits> read_edits(BytesView piece) { return EditReader(piece).run(); }

}  // namespace ukstore
