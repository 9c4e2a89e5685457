#include <ukstore/store/check.h>

#include <ukstore/store/check_index.h>
#include <ukstore/store/history.h>
#include <ukstore/store/intact.h>
#include <ukstore/store/journal.h>
#include <ukstore/store/links.h>
#include <ukstore/store/records.h>
#include <ukstore/store/refs.h>
#include <ukstore/store/segment.h>
#include <ukstore/store/validate.h>

#include <map>
#include <set>

namespace ukstore {
namespace {

using Where = Problem::Where;
using Refs = std::map<std::pair<RefKind, Bytes>, Head>;

class Checker {
 public:
  Checker(Backend& backend, const CheckOptions& options)
      : backend_(backend),
        options_(options),
        objects_(backend),
        commits_(stored_commits(objects_)) {}

  Result<CheckReport> run() {
    auto snapshot = backend_.snapshot();
    if (!snapshot) return pass_on(snapshot);
    snapshot_ = std::move(*snapshot);
    check_format();
    if (auto ok = check_segments(); !ok) return pass_on(ok);
    check_index_entries();
    read_refs();
    check_journal();
    check_refs();
    return std::move(report_);
  }

 private:
  Problem* add(Where where, Bytes name, Bytes what) {
    ++report_.problem_count;
    if (report_.problems.size() >= options_.problems_max) return nullptr;
    return &report_.problems.emplace_back(Problem{where, std::move(name), std::move(what), {}});
  }

  void check_format() {
    auto format = snapshot_->get(record_key(kFormatPrefix));
    if (!format || !*format) {
      add(Where::format, "format", "the format record is missing");
    } else if (auto ok = check_format_record(**format); !ok) {
      add(Where::format, "format", ok.error().message);
    }
  }

  // ---- Objects, segment by segment.

  Result<void> check_segments() {
    auto last = snapshot_->last_segment();
    if (!last) return pass_on(last);
    for (uint64_t number = 1; number <= *last; ++number) {
      check_segment(number);
      CheckProgress progress{number, *last, report_.objects};
      if (options_.progress && options_.progress(progress) == Flow::stop) {
        return fail(Error::Kind::limit, "the check was stopped");
      }
    }
    return {};
  }

  void check_segment(uint64_t number) {
    auto bytes = backend_.segment(number);
    if (bytes && !*bytes) return;  // collected
    ++report_.segments;
    if (!bytes) {
      damaged_anywhere_ = true;
      add(Where::segment, std::to_string(number), bytes.error().message);
      return;
    }
    auto segment = SegmentView::open(number, **bytes);
    if (!segment) {
      damaged_anywhere_ = true;
      add(Where::segment, std::to_string(number), segment.error().message);
      return;
    }
    Hash last{};
    for (uint32_t i = 0; i < segment->count(); ++i) {
      uint32_t offset = segment->offset_bytes(i);
      auto hash = segment->hash_at(offset);
      auto object = segment->record(offset);
      if (!hash || !object) {
        damaged_anywhere_ = true;
        Bytes name = hash ? to_hex(*hash) : "in segment " + std::to_string(number);
        add(Where::object, std::move(name), object ? hash.error().message : object.error().message);
        continue;
      }
      if (i > 0 && *hash < last) {
        add(Where::segment, std::to_string(number), "its table is out of order");
      }
      last = *hash;
      check_object(*hash, Address::in_segment(number, offset), *object);
    }
  }

  void check_object(const Hash& hash, Address address, const ObjectView& object) {
    ++report_.objects;
    report_.object_bytes += object.bytes.size();
    if (object.kind == ObjectKind::commit) ++report_.commits;
    if (auto ok = validate(object.kind, object.bytes, object.side_count); !ok) {
      return damaged(hash, ok.error().message);
    }
    if (options_.depth == CheckOptions::Depth::deep &&
        hash_object(object.kind, object.bytes) != hash) {
      return damaged(hash, "its bytes have another hash than its name");
    }
    check_indexed(hash, address);
    check_hints(hash, object);
    // A damaged object is reported where it lies, not by all who name it.
    bool elsewhere = false;
    auto ok = check_links(object, [&](const ObjectRef& ref) {
      auto view = objects_.load(ref);
      elsewhere = !view && view.error().kind == Error::Kind::corrupt;
      return view;
    });
    if (!ok && !elsewhere) damaged(hash, ok.error().message);
  }

  void damaged(const Hash& hash, Bytes what) {
    damaged_anywhere_ = true;
    damaged_.insert(hash);
    add(Where::object, to_hex(hash), std::move(what));
  }

  void check_indexed(const Hash& hash, Address address) {
    if (index_broken_) return;
    auto found = objects_.find(hash);
    if (!found) {
      index_broken_ = true;
      add(Where::index, "index", found.error().message);
    } else if (!*found) {
      add(Where::index, to_hex(hash), "the index does not know this object");
    } else if (**found != address) {
      auto other = objects_.at(**found);
      bool same = other && *other && (*other)->hash == hash;
      if (!same) add(Where::index, to_hex(hash), "the index has this object in a wrong place");
    }
  }

  void check_index_entries() {
    if (index_broken_) return;
    check_index(backend_, *snapshot_, [&](Bytes name, Bytes what) {
      add(Where::index, std::move(name), std::move(what));
      return Flow::go_on;
    });
  }

  void check_hints(const Hash& hash, const ObjectView& object) {
    visit_links(object, [&](const Link& link) {
      if (link.ref.address && !leads_to(link.ref)) {
        add(Where::hint, to_hex(hash), "its hint for " + to_hex(link.ref.hash) + " is stale");
      }
    });
    if (object.kind != ObjectKind::commit) return;
    CommitLinks links(object);
    std::vector<ObjectRef> parents;
    for (size_t i = 0; i < links.parent_count(); ++i) parents.push_back(links.parent(i));
    auto jump = jump_for(*commits_, parents);
    if (!jump) return;  // a parent is damaged, and reported as that
    auto wanted = objects_.at(*jump), found = objects_.at(links.jump());
    bool same = wanted && found && wanted->has_value() == found->has_value() &&
                (!*wanted || (*wanted)->hash == (*found)->hash);
    // Mending writes commits anew, without hints, so a jump may be missing, lead to where a commit
    // lay, or not be known from the parents: that is slow, and no damage.
    bool unknown = wanted && !*wanted && !parents.empty();
    if (!same && !unknown && links.jump() && !is_erased(links.jump()))
      add(Where::hint, to_hex(hash), "its jump leads to the wrong commit");
  }

  // A hint into a segment that was erased is no damage: the object is looked up by its name.
  bool is_erased(Address address) const {
    auto bytes = backend_.segment(address.segment());
    return bytes && !*bytes;
  }

  bool leads_to(const ObjectRef& ref) const {
    if (is_erased(ref.address)) return true;
    auto found = objects_.at(ref.address);
    // What is damaged there is reported as that.
    if (!found) return found.error().kind == Error::Kind::corrupt;
    return *found && (*found)->hash == ref.hash;
  }

  // ---- Heads, tags and journal.

  void read_refs() {
    for (RefKind kind : {RefKind::branch, RefKind::tag}) {
      auto where = kind == RefKind::branch ? Where::branch : Where::tag;
      auto ok = snapshot_->scan(Bytes(1, static_cast<char>(kind)), {}, Direction::forward,
                                [&](BytesView key, BytesView value) {
                                  ++report_.refs;
                                  Bytes name(key.substr(1));
                                  auto head = decode_head(key, value);
                                  auto named = check_ref_name(name);
                                  if (!head) unread_.insert({kind, name});
                                  if (head && !named) add(where, name, named.error().message);
                                  if (head) refs_.emplace(std::pair(kind, std::move(name)), *head);
                                  return Flow::go_on;
                                });
      if (!ok) add(where, "", ok.error().message);
    }
  }

  void check_journal() {
    Refs state;
    JournalEnd end;
    bool broken = false;
    auto stop = [&](uint64_t sequence, Bytes what) {
      broken = true;
      add(Where::journal, std::to_string(sequence), std::move(what));
      return Flow::stop;
    };
    auto ok = scan_journal(*snapshot_, 0, Direction::forward, [&](const JournalRecord& record) {
      const JournalEntry& entry = record.entry;
      ++report_.entries;
      if (entry.sequence != end.sequence + 1)
        return stop(entry.sequence, "the entry before it is missing");
      if (Bytes wrong = wrong_links(end, record); !wrong.empty())
        return stop(entry.sequence, wrong);
      for (const RefChange& change : entry.changes) {
        auto key = std::pair(change.kind, change.name);
        auto now = state.find(key);
        std::optional<Head> before;
        if (now != state.end()) before = now->second;
        if (before != change.before) {
          return stop(entry.sequence,
                      describe(change.kind, change.name) + " was not where it says");
        }
        if (change.after)
          state.insert_or_assign(key, *change.after);
        else
          state.erase(key);
        remember(change);
      }
      end = end_of(record);
      return Flow::go_on;
    });
    if (!ok) stop(end.sequence + 1, ok.error().message);
    if (broken) return;
    for (const auto& [key, head] : refs_) {
      auto last = state.find(key);
      if (last == state.end() || last->second != head) {
        stop(end.sequence,
             describe(key.first, key.second) + " is not where the last entry left it");
      }
    }
    for (const auto& [key, head] : state) {
      if (!refs_.contains(key) && !unread_.contains(key)) {
        Problem* problem = add(key.first == RefKind::branch ? Where::branch : Where::tag,
                               key.second, "its record is missing, though the journal has it");
        if (problem) problem->rescue = head;
      }
    }
  }

  Bytes wrong_links(const JournalEnd& end, const JournalRecord& record) const {
    JournalRecord expected;
    uint64_t base = record.entry.kind == JournalEntry::Kind::undo ? end.undo_top : end.redo_top;
    if (record.entry.kind == JournalEntry::Kind::change) {
      expected = next_change(end, record.entry);
    } else {
      auto target = journal_record(*snapshot_, base);
      if (!target) return "there was nothing that it could take back";
      expected = record.entry.kind == JournalEntry::Kind::undo
                     ? next_undo(end, record.entry, *target)
                     : next_redo(end, record.entry, *target);
    }
    return expected == record ? Bytes() : Bytes("its links for undo and redo are wrong");
  }

  // The heads that a branch has had, newest last, to fall back on.
  void remember(const RefChange& change) {
    if (change.kind != RefKind::branch || !change.after) return;
    std::vector<Hash>& past = past_[change.name];
    if (past.size() == kPastMax) past.erase(past.begin());
    past.push_back(change.after->ref.hash);
  }

  void check_refs() {
    for (const auto& [kind, name] : unread_) {
      report_ref(kind, name, "its record is damaged", std::nullopt);
    }
    Intact intact(objects_, damaged_);
    for (const auto& [key, head] : refs_) {
      const auto& [kind, name] = key;
      auto view = objects_.load(head.ref);
      if (!view) {
        report_ref(kind, name, view.error().message, head.ref.hash);
      } else if (view->kind != head.kind) {
        report_ref(kind, name, "it points to an object of another kind", std::nullopt);
      } else if (damaged_anywhere_ && !intact.is_whole(head.ref.hash)) {
        report_ref(kind, name, "it leads to damaged or missing objects", head.ref.hash);
      } else if (head.ref.address && !leads_to(head.ref)) {
        add(Where::hint, name, "the hint of its head is stale");
      }
    }
  }

  void report_ref(RefKind kind, const Bytes& name, Bytes what, const std::optional<Hash>& head) {
    Problem* problem =
        add(kind == RefKind::branch ? Where::branch : Where::tag, name, std::move(what));
    if (!problem || kind != RefKind::branch) return;
    Intact intact(objects_, damaged_);
    std::optional<ObjectRef> whole;
    if (head) whole = intact.newest_whole(*head);
    std::vector<Hash>& past = past_[name];
    for (size_t i = past.size(); i-- > 0 && !whole;) whole = intact.newest_whole(past[i]);
    if (whole) problem->rescue = Head{*whole};
  }

  static constexpr size_t kPastMax = 100;

  Backend& backend_;
  const CheckOptions& options_;
  ObjectStore objects_;
  const std::unique_ptr<CommitSource> commits_;
  std::unique_ptr<Snapshot> snapshot_;
  CheckReport report_;
  bool damaged_anywhere_ = false;
  bool index_broken_ = false;
  std::unordered_set<Hash> damaged_;
  Refs refs_;
  std::set<std::pair<RefKind, Bytes>> unread_;
  std::map<Bytes, std::vector<Hash>> past_;
};

}  // namespace

std::string_view name(Problem::Where where) {
  constexpr std::string_view kNames[] = {"format", "segment", "object", "hint",
                                         "index",  "branch",  "tag",    "journal"};
  return kNames[static_cast<size_t>(where)];
}

Result<CheckReport> check_store(Backend& backend, const CheckOptions& options) {
  return Checker(backend, options).run();
}

}  // namespace ukstore
