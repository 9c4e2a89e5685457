#include <ukstore/store/mend.h>

#include <ukstore/store/journal.h>
#include <ukstore/store/links.h>
#include <ukstore/store/object_store.h>
#include <ukstore/store/refs.h>
#include <ukstore/store/segment.h>
#include <ukstore/store/segment_writer.h>
#include <ukstore/store/validate.h>

#include <unordered_map>
#include <unordered_set>

namespace ukstore {
namespace {

class Mender {
 public:
  Mender(Backend& backend, const FetchObject& fetch) : backend_(backend), fetch_(fetch) {}

  Result<MendReport> run() {
    if (auto ok = look_at_segments(); !ok) return pass_on(ok);
    auto roots = roots_of_refs();
    if (!roots) return pass_on(roots);
    auto missing = complete(std::move(*roots));
    if (!missing) return pass_on(missing);
    report_.missing = std::move(*missing);
    auto past = complete(roots_of_journal());
    if (!past) return pass_on(past);
    report_.missing_journal = past->size();
    if (auto ok = write_anew(); !ok) return pass_on(ok);
    report_.segments = damaged_.size();
    return std::move(report_);
  }

 private:
  // ---- What is whole.

  Result<void> look_at_segments() {
    auto snapshot = backend_.snapshot();
    if (!snapshot) return pass_on(snapshot);
    auto last = (*snapshot)->last_segment();
    if (!last) return pass_on(last);
    for (uint64_t number = 1; number <= *last; ++number) {
      auto bytes = backend_.segment(number);
      if (bytes && !*bytes) continue;  // collected
      if (bytes) {
        auto segment = SegmentView::open(number, **bytes);
        if (segment && look_at(*segment, number)) continue;
      }
      damaged_.push_back(number);
    }
    return {};
  }

  // Whether all of a segment is whole.  Of one that is not, what is whole is staged anew.
  bool look_at(const SegmentView& segment, uint64_t number) {
    std::vector<std::pair<Hash, Address>> whole;
    for (uint32_t i = 0; i < segment.count(); ++i) {
      const uint32_t offset = segment.offset_bytes(i);
      auto hash = segment.hash_at(offset);
      auto object = segment.record(offset);
      if (!hash || !object || !validate(object->kind, object->bytes, object->side_count) ||
          hash_object(object->kind, object->bytes) != *hash) {
        continue;
      }
      whole.emplace_back(*hash, Address::in_segment(number, offset));
    }
    const bool all = whole.size() == segment.count();
    for (const auto& [hash, address] : whole) {
      if (all) {
        places_.insert_or_assign(hash, address);
      } else if (!places_.contains(hash)) {
        auto object = segment.record(address.offset_bytes());
        stage(hash, object->kind, object->bytes);
        ++report_.kept;
      }
    }
    return all;
  }

  // Side addresses are hints, and what they led to may go: the new copy has none.
  ObjectView stage(const Hash& hash, ObjectKind kind, BytesView bytes) {
    auto sides = named_objects(kind, bytes);
    std::vector<Address> none(*sides);
    ObjectRef ref = arena_.add(kind, hash, bytes, none);
    places_.insert_or_assign(hash, ref.address);
    return ref.address.staged()->view();
  }

  // ---- What is needed.

  Result<std::vector<Hash>> roots_of_refs() {
    auto snapshot = backend_.snapshot();
    if (!snapshot) return pass_on(snapshot);
    std::vector<Hash> roots;
    for (RefKind kind : {RefKind::branch, RefKind::tag}) {
      auto ok = (*snapshot)->scan(Bytes(1, static_cast<char>(kind)), {}, Direction::forward,
                                  [&](BytesView key, BytesView value) {
                                    auto head = decode_head(key, value);
                                    if (head) roots.push_back(head->ref.hash);
                                    return Flow::go_on;
                                  });
      if (!ok) return pass_on(ok);
    }
    return roots;
  }

  // Of the entries up to the first that cannot be read.
  std::vector<Hash> roots_of_journal() {
    std::vector<Hash> roots;
    auto snapshot = backend_.snapshot();
    if (!snapshot) return roots;
    (void)scan_journal(**snapshot, 0, Direction::forward, [&](const JournalRecord& record) {
      for (const RefChange& change : record.entry.changes) {
        for (const auto* head : {&change.before, &change.after}) {
          if (*head) roots.push_back((*head)->ref.hash);
        }
      }
      return Flow::go_on;
    });
    return roots;
  }

  // Follows all names from these on and fetches what is not here; returns what cannot be had.
  Result<std::vector<Hash>> complete(std::vector<Hash> open) {
    std::vector<Hash> missing;
    while (!open.empty()) {
      const Hash hash = open.back();
      open.pop_back();
      if (!seen_.insert(hash).second) continue;
      auto view = object(hash);
      if (!view) return pass_on(view);
      if (!*view) {
        missing.push_back(hash);
        continue;
      }
      visit_links(**view, [&](const Link& link) { open.push_back(link.ref.hash); });
    }
    return missing;
  }

  Result<std::optional<ObjectView>> object(const Hash& hash) {
    if (auto place = places_.find(hash); place != places_.end()) {
      const Address address = place->second;
      if (address.is_staged()) return address.staged()->view();
      auto bytes = backend_.segment(address.segment());
      if (!bytes) return pass_on(bytes);
      auto view = SegmentView::reopen(address.segment(), **bytes).record(address.offset_bytes());
      if (!view) return pass_on(view);
      return *view;
    }
    auto fetched = fetch_(hash);
    if (!fetched) return pass_on(fetched, "fetching object " + to_hex(hash));
    if (!*fetched) return std::nullopt;
    const auto& [kind, bytes] = **fetched;
    auto sides = named_objects(kind, bytes);
    if (!sides || !validate(kind, bytes, *sides) || hash_object(kind, bytes) != hash) {
      return fail(Error::Kind::corrupt, "what came for object " + to_hex(hash) + " is another");
    }
    ++report_.fetched;
    return stage(hash, kind, bytes);
  }

  // ---- Writing.

  Result<void> write_anew() {
    if (!arena_.objects().empty()) {
      auto write = backend_.write();
      if (!write) return pass_on(write);
      SegmentWriter writer(**write, SegmentWriter::Drop::no);
      for (StagedObject& object : arena_.objects()) {
        if (auto ok = writer.add(object); !ok) return ok;
      }
      if (auto ok = writer.finish(); !ok) return ok;
      if (auto ok = (*write)->commit(Durability::durable); !ok) return ok;
    }
    if (!damaged_.empty()) {
      auto write = backend_.write();
      if (!write) return pass_on(write);
      for (uint64_t number : damaged_) {
        if (auto ok = (*write)->erase_segment(number); !ok) return ok;
      }
      if (auto ok = (*write)->commit(Durability::durable); !ok) return ok;
    }
    // The index sees only what is committed.
    ObjectStore objects(backend_);
    auto write = backend_.write();
    if (!write) return pass_on(write);
    if (auto ok = objects.rebuild_index(**write); !ok) return ok;
    return (*write)->commit(Durability::durable);
  }

  Backend& backend_;
  const FetchObject& fetch_;
  Arena arena_;
  std::vector<uint64_t> damaged_;
  std::unordered_map<Hash, Address> places_;
  std::unordered_set<Hash> seen_;
  MendReport report_;
};

}  // namespace

Result<MendReport> mend_store(Backend& backend, const FetchObject& fetch) {
  return Mender(backend, fetch).run();
}

}  // namespace ukstore
