#pragma once
// The journal: every mutation of heads, numbered without gaps.  It is the reflog, and undo and redo
// are steps in it.  Bytes: docs/format.md, "Journal".
//
// Undo and redo cost O(1) because each entry remembers both stacks as two linked lists that run
// through the entries themselves: `undo_top` is the newest entry not taken back after this one,
// `redo_top` the newest undo not done again, and `below` what lies under this entry in the stack
// that it was pushed on (the undo stack for a change, the redo stack for an undo; a redo puts its
// target back where it was).

#include <ukstore/store/backend.h>
#include <ukstore/store/store.h>

namespace ukstore {

struct JournalRecord {
  JournalEntry entry;
  uint64_t undo_top = 0;
  uint64_t redo_top = 0;
  uint64_t below = 0;
  bool operator==(const JournalRecord&) const = default;
};

// Where the journal ends: what the next entry builds on.
struct JournalEnd {
  uint64_t sequence = 0;
  uint64_t undo_top = 0;
  uint64_t redo_top = 0;
  bool operator==(const JournalEnd&) const = default;
};

// `next` with its number and links, as the successor of `end`.  `target` is the record that an undo
// or redo names; `redone` the undo that a redo takes back (JournalEnd::redo_top's record).
JournalRecord next_change(const JournalEnd& end, JournalEntry next);
JournalRecord next_undo(const JournalEnd& end, JournalEntry next, const JournalRecord& target);
JournalRecord next_redo(const JournalEnd& end, JournalEntry next, const JournalRecord& redone);
inline JournalEnd end_of(const JournalRecord& record) {
  return {record.entry.sequence, record.undo_top, record.redo_top};
}

// An entry takes one record, and more, numbered from 1, if its changes do not fit into that.
Bytes journal_key(uint64_t sequence);
Bytes journal_more_key(uint64_t sequence, uint32_t number);
// `limit` if the entry would take over 256 records, some 2 million changes, or if its note is
// longer than one.
Result<void> check_size(const JournalRecord& record);
// The values of its records, of what passes that; staged hints must have been written.
std::vector<Bytes> encode(const JournalRecord& record);
// `value` is that of the first record; `more` gives the others.
using JournalMore = std::function<Result<std::optional<Bytes>>(uint32_t number)>;
Result<JournalRecord> decode_journal(uint64_t sequence, BytesView value, const JournalMore& more);

// ---- A backend's journal.
Result<void> put_journal(Write& write, const JournalRecord& record);
Result<JournalEnd> journal_end(const Snapshot& snapshot);
// `corrupt` if there is no such entry: callers ask for what must be there.
Result<JournalRecord> journal_record(const Snapshot& snapshot, uint64_t sequence);
using JournalVisitor = std::function<Flow(const JournalRecord&)>;
// Entries from `from` (0: the end that comes first) on, in order.
Result<void> scan_journal(const Snapshot& snapshot, uint64_t from, Direction direction,
                          const JournalVisitor& visit);

}  // namespace ukstore
