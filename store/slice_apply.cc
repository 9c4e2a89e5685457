#include <ukstore/store/slice.h>

#include <ukstore/store/history.h>
#include <ukstore/store/links.h>
#include <ukstore/store/slice_format.h>
#include <ukstore/store/validate.h>

#include <unordered_map>

namespace ukstore {
namespace {

// An object of a slice fits into a segment of its own.
constexpr uint32_t kObjectBytesMax = 1'000'000;
constexpr uint32_t kHeadsMax = 1'000'000;
constexpr size_t kBatchBytes = size_t{4} << 20;

std::unexpected<Error> corrupt(std::string what) {
  return fail(Error::Kind::corrupt, "slice: " + std::move(what));
}

class SliceReader {
 public:
  SliceReader(Store& store, const ByteSource& source, const SliceLimits& limits)
      : store_(store),
        objects_(store.objects()),
        commits_(stored_commits(store.objects())),
        source_(source),
        limits_(limits),
        arena_(store.new_spilling_arena()) {}

  Result<AppliedSlice> run() {
    if (auto ok = read_header(); !ok) return pass_on(ok);
    for (;;) {
      auto more = read_object();
      if (!more) return pass_on(more);
      if (!*more) break;
      if (arena_->unwritten_bytes() < kBatchBytes) continue;
      if (auto ok = write_batch(); !ok) return pass_on(ok);
    }
    if (auto ok = read_end(); !ok) return pass_on(ok);
    if (auto ok = write_batch(); !ok) return pass_on(ok);
    for (const Ref& ref : applied_.heads) {
      auto view = objects_.load(ref.head.ref);
      if (!view) return pass_on(view, "the head " + printable(ref.name) + " of a slice");
      if (view->kind != ref.head.kind) return corrupt("a head is of another kind than it says");
    }
    return std::move(applied_);
  }

 private:
  // The next `size` bytes, all of them.
  Result<Bytes> take(size_t size) {
    if (size > limits_.bytes_max - applied_.counts.bytes) {
      return fail(Error::Kind::limit, "a slice is longer than its limit of " +
                                          std::to_string(limits_.bytes_max) + " bytes");
    }
    Bytes bytes(size, '\0');
    for (size_t filled = 0; filled < size;) {
      auto got = source_({bytes.data() + filled, size - filled});
      if (!got) return pass_on(got);
      if (*got == 0 || *got > size - filled) return corrupt("it ends early");
      filled += *got;
    }
    applied_.counts.bytes += size;
    return bytes;
  }

  Result<void> read_header() {
    auto header = take(kSliceHeaderBytes);
    if (!header) return pass_on(header);
    if (!header->starts_with(slice_header().substr(0, 8))) return corrupt("this is none");
    if (*header != slice_header()) {
      return fail(Error::Kind::unsupported, "a slice of a later version or with other names");
    }
    auto count_bytes = take(4);
    if (!count_bytes) return pass_on(count_bytes);
    uint32_t count = load_le<uint32_t>(count_bytes->data());
    if (count > kHeadsMax) return corrupt("it has over a million heads");
    for (uint32_t i = 0; i < count; ++i) {
      if (auto ok = read_ref(); !ok) return ok;
    }
    return {};
  }

  Result<void> read_ref() {
    auto fixed = take(kSliceRefBytes);
    if (!fixed) return pass_on(fixed);
    ByteReader in(*fixed);
    Ref ref;
    ref.kind = static_cast<RefKind>(in.integer<uint8_t>());
    ref.head.kind = static_cast<ObjectKind>(in.integer<uint8_t>());
    ref.head.ref.hash = in.hash();
    auto name = take(in.integer<uint8_t>());
    if (!name) return pass_on(name);
    ref.name = std::move(*name);
    bool known = ref.kind == RefKind::branch || ref.kind == RefKind::tag;
    if (!known || !check_ref_name(ref.name)) return corrupt("a head's name or kind is none");
    if (ref.kind == RefKind::branch && ref.head.kind != ObjectKind::commit) {
      return corrupt("a branch that does not point to a commit");
    }
    applied_.heads.push_back(std::move(ref));
    return {};
  }

  // False: the mark of the end was read.
  Result<bool> read_object() {
    auto kind_byte = take(1);
    if (!kind_byte) return pass_on(kind_byte);
    auto kind = static_cast<ObjectKind>((*kind_byte)[0]);
    if (kind == ObjectKind{}) return false;
    auto size_bytes = take(4);
    if (!size_bytes) return pass_on(size_bytes);
    uint32_t size = load_le<uint32_t>(size_bytes->data());
    if (size > kObjectBytesMax) return corrupt("an object of over a million bytes");
    if (++applied_.counts.objects > limits_.objects_max) {
      return fail(Error::Kind::limit, "a slice has more objects than its limit of " +
                                          std::to_string(limits_.objects_max));
    }
    auto bytes = take(size);
    if (!bytes) return pass_on(bytes);
    if (auto ok = add(kind, std::move(*bytes)); !ok) return pass_on(ok);
    return true;
  }

  Result<void> read_end() {
    auto count = take(8);
    if (!count) return pass_on(count);
    if (load_le<uint64_t>(count->data()) != applied_.counts.objects)
      return corrupt("objects are missing");
    char one;
    auto more = source_({&one, 1});
    if (!more) return pass_on(more);
    return *more == 0 ? Result<void>() : corrupt("it goes on behind its end");
  }

  // A name that came earlier or was here before.
  Result<Address> locate(const Hash& hash) {
    if (auto found = fresh_.find(hash); found != fresh_.end()) return found->second;
    auto stored = objects_.find(hash);
    if (!stored) return pass_on(stored);
    if (!*stored) return corrupt("it names object " + to_hex(hash) + ", which is not there");
    return **stored;
  }

  Result<void> add(ObjectKind kind, Bytes bytes) {
    const Hash hash = hash_object(kind, bytes);
    if (fresh_.contains(hash)) return {};
    auto known = objects_.find(hash);
    if (!known) return pass_on(known);
    if (*known) return {};
    auto named = named_objects(kind, bytes);
    if (!named) return pass_on(named, "slice");
    // Links are looked up by name, so a side array of zeros serves.
    std::vector<uint64_t> zeros(*named);
    ObjectView view{kind, bytes, reinterpret_cast<const char*>(zeros.data()), *named};
    std::vector<Address> side;
    Result<void> good;
    visit_links(view, [&](const Link& link) {
      if (!good) return;
      auto address = locate(link.ref.hash);
      if (address)
        side.push_back(*address);
      else
        good = pass_on(address);
    });
    if (!good) return good;
    auto checked = check_links(view, [&](const ObjectRef& ref) -> Result<ObjectView> {
      auto address = locate(ref.hash);
      if (!address) return pass_on(address);
      return objects_.load(ref.hash, *address);
    });
    if (!checked) return pass_on(checked, "slice: object " + to_hex(hash));
    if (kind == ObjectKind::commit) {
      if (auto ok = add_jump(CommitLinks(view), side); !ok) return ok;
      ++applied_.counts.commits;
    }
    fresh_.emplace(hash, arena_->add(kind, std::move(bytes), side).address);
    return {};
  }

  Result<void> add_jump(const CommitLinks& links, std::vector<Address>& side) {
    std::vector<ObjectRef> parents;
    for (size_t i = 0; i < links.parent_count(); ++i) {
      parents.push_back({links.parent(i).hash, side[1 + i]});
    }
    auto jump = jump_for(*commits_, parents);
    if (!jump) return pass_on(jump);
    side.push_back(*jump);
    return {};
  }

  Result<void> write_batch() {
    if (auto ok = arena_->spill(); !ok) return ok;
    arena_ = store_.new_spilling_arena();
    fresh_.clear();
    return {};
  }

  Store& store_;
  const ObjectStore& objects_;
  const std::unique_ptr<CommitSource> commits_;
  const ByteSource& source_;
  const SliceLimits limits_;
  std::shared_ptr<Arena> arena_;
  std::unordered_map<Hash, Address> fresh_;  // what the arena holds
  AppliedSlice applied_;
};

}  // namespace

Result<AppliedSlice> apply_slice(Store& store, const ByteSource& source,
                                 const SliceLimits& limits) {
  return SliceReader(store, source, limits).run();
}

}  // namespace ukstore
