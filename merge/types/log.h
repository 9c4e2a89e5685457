#pragma once
// An append-only log.
//
// State: entries under their dots, shown in the order of dots.  Every writer's entries stand in the
// order in which it wrote them, an entry stands behind all that its writer had seen, and merging
// neither loses nor doubles one.  Appending costs O(log n), merging what was appended.

#include <ukstore/merge/tx.h>
#include <ukstore/merge/types/codec.h>

namespace ukstore {

class ByteLog {
 public:
  ByteLog(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
  Result<uint64_t> size() const;
  Result<std::vector<Bytes>> entries(uint64_t from, uint64_t limit) const;

  static void append(Tx& tx, BytesView path, Bytes entry);

 private:
  State state_;
  Bytes path_;
};

// (`Log` is the walk over commits, store/history.h.)
template <class T = Bytes>
struct AppendLog {
  static constexpr Kind kind = Kind::log;

  class Reader {
   public:
    Reader(State state, Bytes path) : log_(std::move(state), std::move(path)) {}
    Result<uint64_t> size() const { return log_.size(); }
    // The entries from the `from`-th on (0 is the oldest), at most `limit`; past the end, none.
    Result<std::vector<T>> entries(uint64_t from = 0, uint64_t limit = UINT64_MAX) const {
      auto read = log_.entries(from, limit);
      if (!read) return pass_on(read);
      std::vector<T> entries;
      for (const Bytes& bytes : *read) {
        auto entry = Codec<T>::decode(bytes);
        if (!entry) return pass_on(entry);
        entries.push_back(std::move(*entry));
      }
      return entries;
    }

   private:
    ByteLog log_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    void append(const T& entry) { ByteLog::append(tx_, path_, Codec<T>::encode(entry)); }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
