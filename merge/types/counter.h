#pragma once
// A counter that may be added to, on any branch, and reset.
//
// State: entries (dot, amount); the value is their sum.  `add` folds the writer's own entries that
// it has seen into one, so there are a few entries, however many additions.  `reset` removes the
// entries that it has seen, so what is added beside a reset survives; of an entry that a concurrent
// `add` had folded, the folded part survives with it.

#include <ukstore/merge/tx.h>

namespace ukstore {

// The amount of an entry from its bytes; `corrupt` if they are none.
Result<int64_t> decode_amount(BytesView bytes);

struct Counter {
  static constexpr Kind kind = Kind::counter;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
    // 0 if there is none.  `limit` if the sum does not fit 64 bits: nothing wraps.
    Result<int64_t> value() const;

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    // Adding 0 does nothing.
    void add(int64_t amount);
    void reset();
    Result<int64_t> value();

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
