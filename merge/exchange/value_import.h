#pragma once
// Many values brought into a branch as one commit: what imports of JSON and tar have in common.
//
// The dots follow from what is imported and what it is brought to, so the same import on the same
// commit gives the same commit, on every replica.

#include <ukstore/merge/exchange/byte_stream.h>
#include <ukstore/merge/repo.h>

#include <deque>

namespace ukstore {

// What came of an import of values.
struct ValueImportReport {
  Committed committed;
  uint64_t values = 0;  // that the stream held
};

class ValueImport {
 public:
  // Borrowed.  `format` and the options that decide what the stream means.
  ValueImport(Store& store, BytesView format);

  // All bytes of the stream go through here, in order.
  void saw(BytesView bytes);
  // A value at a path; one that comes later for the same path, or above or below it, counts.
  Result<void> add(Bytes path, BytesView bytes, Kind kind = Kind::file);
  // The same piece by piece, for long values.
  class Long {
   public:
    Result<void> append(BytesView piece) { return writer_.append(piece); }

   private:
    friend class ValueImport;
    Long(const ObjectStore& objects, std::shared_ptr<Arena> arena)
        : arena_(arena), writer_(objects, arena) {}
    std::shared_ptr<Arena> arena_;
    PayloadWriter writer_;
  };
  std::unique_ptr<Long> start_long();
  Result<void> add(Bytes path, Long& value, Kind kind);
  // A copy of an earlier value of this import; `invalid` if none has that path.
  Result<void> add_copy(Bytes path, BytesView of);

  uint64_t count() const { return values_.size(); }
  uint64_t bytes_seen() const { return seen_; }
  // One commit on the branch, or none if it held all that.
  Result<ValueImportReport> commit(BytesView branch, const CommitInfo& info);

 private:
  struct NewValue {
    Bytes path;
    Payload payload;
    Kind kind;
  };
  Result<void> relieve();
  Result<Committed> commit_on(Transaction& transaction, BytesView branch, const CommitInfo& info,
                              const Hash& stream) const;

  Store& store_;
  const Bytes format_;
  std::shared_ptr<Arena> arena_;
  std::deque<NewValue> values_;
  size_t settled_ = 0;
  uint64_t seen_ = 0;
  Bytes block_;  // of the stream, not yet hashed
  Hash chain_;   // of the blocks before
};

// A source that shows a ValueImport, and a progress callback, what it reads.
class SeenSource final : public ByteSource {
 public:
  SeenSource(ByteSource& source, ValueImport& import, const ProgressCallback& progress)
      : source_(source), import_(import), progress_(progress) {}
  Result<size_t> read(std::span<char> to) override;

 private:
  ByteSource& source_;
  ValueImport& import_;
  const ProgressCallback& progress_;
};

}  // namespace ukstore
