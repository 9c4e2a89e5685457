#pragma once
// A flag where enabling wins over a concurrent disabling.
//
// State: the dots of the enablings that no disabling has seen; it is on iff there is one.  `enable`
// replaces the dots that it has seen by its own, `disable` removes them.

#include <ukstore/merge/tx.h>

namespace ukstore {

struct Flag {
  static constexpr Kind kind = Kind::flag;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
    // false if there is none.
    Result<bool> is_on() const;

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    void enable();
    void disable();

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
