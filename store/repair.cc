#include <ukstore/store/check.h>

#include <ukstore/store/journal.h>
#include <ukstore/store/records.h>
#include <ukstore/store/refs.h>

namespace ukstore {
namespace {

Result<void> erase_journal(Write& write) {
  std::vector<Bytes> keys;
  Result<void> ok;
  for (char prefix : {kJournalPrefix, kJournalMorePrefix}) {
    if (!ok) return ok;
    ok = write.scan(record_key(prefix), {}, Direction::forward, [&](BytesView key, BytesView) {
      keys.emplace_back(key);
      return Flow::go_on;
    });
  }
  for (size_t i = 0; ok && i < keys.size(); ++i) ok = write.erase(keys[i]);
  return ok;
}

// Every ref as the journal's first entry has it, so that journal and refs agree.
Result<std::vector<RefChange>> all_refs(const Write& write) {
  std::vector<RefChange> changes;
  for (RefKind kind : {RefKind::branch, RefKind::tag}) {
    auto ok = write.scan(Bytes(1, static_cast<char>(kind)), {}, Direction::forward,
                         [&](BytesView key, BytesView value) {
                           auto head = decode_head(key, value);
                           if (head) changes.push_back({kind, Bytes(key.substr(1)), {}, *head});
                           return Flow::go_on;
                         });
    if (!ok) return pass_on(ok);
  }
  return changes;
}

// Where the journal left a ref whose record cannot be read.
Result<std::optional<Head>> last_in_journal(const Write& write, RefKind kind, BytesView name) {
  std::optional<Head> head;
  auto ok = scan_journal(write, 0, Direction::backward, [&](const JournalRecord& record) {
    for (const RefChange& change : record.entry.changes) {
      if (change.kind != kind || change.name != name) continue;
      head = change.after;
      return Flow::stop;
    }
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok, "the journal has to be started anew");
  return head;
}

Result<std::optional<RefChange>> move_back(Write& write, const Problem& problem,
                                           RepairOptions::Journal journal) {
  bool branch = problem.where == Problem::Where::branch;
  if (!branch && problem.where != Problem::Where::tag) return std::nullopt;
  RefChange change{branch ? RefKind::branch : RefKind::tag, problem.name, {}, problem.rescue};
  const Bytes key = ref_key(change.kind, change.name);
  auto now = write.get(key);
  if (!now) return pass_on(now);
  Result<Head> head = *now ? decode_head(key, **now) : fail(Error::Kind::not_found, "");
  if (head) change.before = *head;
  if (!head && journal == RepairOptions::Journal::keep) {
    auto last = last_in_journal(write, change.kind, change.name);
    if (!last) return pass_on(last);
    change.before = *last;
  }
  auto ok = problem.rescue ? write.put(key, encode_head(key, *problem.rescue)) : write.erase(key);
  if (!ok) return pass_on(ok);
  return change;
}

}  // namespace

Result<std::vector<RefChange>> repair_store(Backend& backend, const CheckReport& report,
                                            const RepairOptions& options) {
  std::vector<RefChange> moved;
  ObjectStore objects(backend);
  auto write = backend.write();
  if (!write) return pass_on(write);
  if (options.index == RepairOptions::Index::rebuild) {
    if (auto ok = objects.rebuild_index(**write); !ok) return pass_on(ok, "rebuilding the index");
  }
  if (options.refs == RepairOptions::Refs::move_back) {
    for (const Problem& problem : report.problems) {
      auto change = move_back(**write, problem, options.journal);
      if (!change) return pass_on(change);
      if (*change) moved.push_back(std::move(**change));
    }
  }
  JournalEntry entry{.when_ms = options.when_ms, .note = "repair", .changes = moved};
  JournalEnd end;
  if (options.journal == RepairOptions::Journal::start_anew) {
    if (auto ok = erase_journal(**write); !ok) return pass_on(ok);
    auto refs = all_refs(**write);
    if (!refs) return pass_on(refs);
    entry.changes = std::move(*refs);
  } else if (!moved.empty()) {
    auto last = journal_end(**write);
    if (!last) return pass_on(last, "the journal has to be started anew");
    end = *last;
  }
  if (!entry.changes.empty()) {
    JournalRecord record = next_change(end, std::move(entry));
    if (auto ok = check_size(record); !ok) return pass_on(ok);
    if (auto ok = put_journal(**write, record); !ok) return pass_on(ok);
  }
  if (auto ok = (*write)->commit(Durability::durable); !ok) return pass_on(ok);
  return moved;
}

}  // namespace ukstore
