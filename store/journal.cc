#include <ukstore/store/journal.h>

#include <ukstore/store/records.h>
#include <ukstore/store/refs.h>
#include <ukstore/store/seal.h>

namespace ukstore {

JournalRecord next_change(const JournalEnd& end, JournalEntry next) {
  next.sequence = end.sequence + 1;
  next.kind = JournalEntry::Kind::change;
  uint64_t top = next.sequence;
  return {std::move(next), top, 0, end.undo_top};
}

JournalRecord next_undo(const JournalEnd& end, JournalEntry next, const JournalRecord& target) {
  next.sequence = end.sequence + 1;
  next.kind = JournalEntry::Kind::undo;
  next.target = target.entry.sequence;
  uint64_t top = next.sequence;
  return {std::move(next), target.below, top, end.redo_top};
}

JournalRecord next_redo(const JournalEnd& end, JournalEntry next, const JournalRecord& redone) {
  next.sequence = end.sequence + 1;
  next.kind = JournalEntry::Kind::redo;
  next.target = redone.entry.target;
  uint64_t target = next.target;
  return {std::move(next), target, redone.below, 0};
}

Bytes journal_key(uint64_t sequence) { return record_key(kJournalPrefix, big_endian(sequence)); }

Bytes journal_more_key(uint64_t sequence, uint32_t number) {
  Bytes key = record_key(kJournalMorePrefix, big_endian(sequence));
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

namespace {

constexpr size_t kFixedBytes = 49;
constexpr size_t kRecordsMax = 256;

size_t bytes_of(const RefChange& change) { return 3 + change.name.size() + 2 * kHeadBytes; }

// How many records the entry takes.  Each change stands whole in one.
size_t record_count(const JournalEntry& entry) {
  size_t count = 1, bytes = kFixedBytes + kSealBytes + entry.note.size();
  for (const RefChange& change : entry.changes) {
    bytes += bytes_of(change);
    if (bytes <= kRecordValueBytesMax) continue;
    ++count;
    bytes = kSealBytes + bytes_of(change);
  }
  return count;
}

void append(Bytes& out, const RefChange& change) {
  append_le<uint8_t>(out, static_cast<uint8_t>(change.kind));
  append_le<uint16_t>(out, static_cast<uint16_t>(change.name.size()));
  out += change.name;
  append_head(out, change.before);
  append_head(out, change.after);
}

// nullopt if there is no such change.
std::optional<RefChange> read_change(ByteReader& in) {
  RefChange change;
  change.kind = static_cast<RefKind>(in.integer<uint8_t>());
  change.name = in.bytes(in.integer<uint16_t>());
  change.before = read_head(in);
  change.after = read_head(in);
  const bool known = change.kind == RefKind::branch || change.kind == RefKind::tag;
  return known && !in.failed() ? std::optional(std::move(change)) : std::nullopt;
}

}  // namespace

Result<void> check_size(const JournalRecord& record) {
  const JournalEntry& entry = record.entry;
  const bool note_fits = kFixedBytes + kSealBytes + entry.note.size() <= kRecordValueBytesMax;
  if (note_fits && record_count(entry) <= kRecordsMax) return {};
  return fail(Error::Kind::limit, "a transaction with " + std::to_string(entry.changes.size()) +
                                      " changes of refs and a note of " +
                                      std::to_string(entry.note.size()) +
                                      " bytes does not fit a journal entry: split it");
}

std::vector<Bytes> encode(const JournalRecord& record) {
  const JournalEntry& entry = record.entry;
  std::vector<Bytes> records;
  Bytes out;
  append_le<uint8_t>(out, static_cast<uint8_t>(entry.kind));
  append_le<uint64_t>(out, entry.target);
  append_le<uint64_t>(out, record.undo_top);
  append_le<uint64_t>(out, record.redo_top);
  append_le<uint64_t>(out, record.below);
  append_le<uint64_t>(out, static_cast<uint64_t>(entry.when_ms));
  append_le<uint32_t>(out, static_cast<uint32_t>(entry.note.size()));
  append_le<uint32_t>(out, static_cast<uint32_t>(entry.changes.size()));
  out += entry.note;
  auto close_record = [&] {
    const auto number = static_cast<uint32_t>(records.size());
    const Bytes key =
        number == 0 ? journal_key(entry.sequence) : journal_more_key(entry.sequence, number);
    records.push_back(seal(key, std::move(out)));
    out = {};
  };
  for (const RefChange& change : entry.changes) {
    if (out.size() + bytes_of(change) + kSealBytes > kRecordValueBytesMax) close_record();
    append(out, change);
  }
  close_record();
  return records;
}

Result<JournalRecord> decode_journal(uint64_t sequence, BytesView value, const JournalMore& more) {
  auto plain = unseal(journal_key(sequence), value);
  if (!plain) return pass_on(plain);
  ByteReader in(*plain);
  JournalRecord record;
  JournalEntry& entry = record.entry;
  entry.sequence = sequence;
  auto kind = in.integer<uint8_t>();
  entry.kind = static_cast<JournalEntry::Kind>(kind);
  entry.target = in.integer<uint64_t>();
  record.undo_top = in.integer<uint64_t>();
  record.redo_top = in.integer<uint64_t>();
  record.below = in.integer<uint64_t>();
  entry.when_ms = static_cast<int64_t>(in.integer<uint64_t>());
  auto note_bytes = in.integer<uint32_t>();
  auto changes = in.integer<uint32_t>();
  entry.note = in.bytes(note_bytes);
  bool good = kind <= static_cast<uint8_t>(JournalEntry::Kind::redo);
  Bytes held;  // the record that is being read
  for (uint32_t number = 1; entry.changes.size() < changes && good && !in.failed();) {
    if (in.left() == 0) {
      auto next = more(number);
      if (!next) return pass_on(next);
      if (!*next) break;
      held = std::move(**next);
      auto rest = unseal(journal_more_key(sequence, number++), held);
      if (!rest) return pass_on(rest);
      good = !rest->empty();
      in = ByteReader(*rest);
      continue;
    }
    auto change = read_change(in);
    good = change.has_value();
    if (change) entry.changes.push_back(std::move(*change));
  }
  // Links only ever point back, so that following them ends.
  uint64_t newest = std::max({record.undo_top, record.redo_top});
  good = good && newest <= sequence && record.below < sequence && entry.target < sequence;
  good = good && (entry.target == 0) == (entry.kind == JournalEntry::Kind::change);
  if (!good || entry.changes.size() != changes || !in.complete()) {
    return fail(Error::Kind::corrupt,
                "journal entry " + std::to_string(sequence) + " is malformed");
  }
  return record;
}

Result<void> put_journal(Write& write, const JournalRecord& record) {
  const std::vector<Bytes> values = encode(record);
  const uint64_t sequence = record.entry.sequence;
  auto ok = write.put(journal_key(sequence), values.front());
  for (uint32_t number = 1; ok && number < values.size(); ++number) {
    ok = write.put(journal_more_key(sequence, number), values[number]);
  }
  return ok;
}

namespace {

JournalMore more_of(const Snapshot& snapshot, uint64_t sequence) {
  return [&snapshot, sequence](uint32_t number) -> Result<std::optional<Bytes>> {
    auto value = snapshot.get(journal_more_key(sequence, number));
    if (!value) return pass_on(value);
    return *value ? std::optional<Bytes>(**value) : std::nullopt;
  };
}

uint64_t sequence_of(BytesView key) {
  uint64_t sequence = 0;
  for (char c : key.substr(1)) sequence = sequence << 8 | static_cast<uint8_t>(c);
  return sequence;
}

}  // namespace

Result<void> scan_journal(const Snapshot& snapshot, uint64_t from, Direction direction,
                          const JournalVisitor& visit) {
  Bytes start = from ? journal_key(from) : Bytes();
  Result<void> good;
  auto ok = snapshot.scan(
      record_key(kJournalPrefix), start, direction, [&](BytesView key, BytesView value) {
        const uint64_t sequence = sequence_of(key);
        auto record = decode_journal(sequence, value, more_of(snapshot, sequence));
        if (!record) {
          good = pass_on(record);
          return Flow::stop;
        }
        return visit(*record);
      });
  return ok ? good : ok;
}

Result<JournalEnd> journal_end(const Snapshot& snapshot) {
  JournalEnd end;
  auto ok = scan_journal(snapshot, 0, Direction::backward, [&](const JournalRecord& record) {
    end = end_of(record);
    return Flow::stop;
  });
  if (!ok) return pass_on(ok);
  return end;
}

Result<JournalRecord> journal_record(const Snapshot& snapshot, uint64_t sequence) {
  auto value = snapshot.get(journal_key(sequence));
  if (!value) return pass_on(value);
  if (!*value) {
    return fail(Error::Kind::corrupt, "the journal has no entry " + std::to_string(sequence));
  }
  return decode_journal(sequence, **value, more_of(snapshot, sequence));
}

}  // namespace ukstore
