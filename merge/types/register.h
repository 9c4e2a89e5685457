#pragma once
// Registers: one value, written as a whole.
//
// State: entries (dot, value).  A write removes all entries that it has seen and adds one, so
// several are live only where writers did not know of each other.
// - `MultiValue` shows all of them.
// - `LastWriter` shows the one with the largest dot.  A dot is larger than all that its writer had
//   seen, so no write ever loses to one that it knew of; between concurrent writes the order is
//   arbitrary but the same everywhere.  The values that lose are silently out of view: choose it
//   only where that is meant.

#include <ukstore/merge/tx.h>
#include <ukstore/merge/types/codec.h>

#include <algorithm>

namespace ukstore {

// The values of a register with their dots, by rising dot.
Result<std::vector<std::pair<Dot, Bytes>>> read_register(const State& state, BytesView path,
                                                         Kind kind);
// Replaces all that is there by `value`.
void write_register(Tx& tx, BytesView path, Kind kind, Bytes value);

template <class T, Kind kKind>
struct Register {
  static constexpr Kind kind = kKind;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}

    // The values that are live, each once, the earliest dot first; empty if nothing was written.
    Result<std::vector<T>> values() const {
      auto read = read_register(state_, path_, kind);
      if (!read) return pass_on(read);
      std::vector<T> values;
      std::vector<Bytes> seen;
      for (auto& [dot, bytes] : *read) {
        if (std::ranges::find(seen, bytes) != seen.end()) continue;
        auto value = Codec<T>::decode(bytes);
        if (!value) return pass_on(value);
        values.push_back(std::move(*value));
        seen.push_back(std::move(bytes));
      }
      return values;
    }
    // The value with the largest dot; nullopt if nothing was written.
    Result<std::optional<T>> value() const
      requires(kKind == Kind::last_writer)
    {
      auto read = read_register(state_, path_, kind);
      if (!read) return pass_on(read);
      if (read->empty()) return std::nullopt;
      auto value = Codec<T>::decode(read->back().second);
      if (!value) return pass_on(value);
      return std::move(*value);
    }

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    void write(const T& value) { write_register(tx_, path_, kind, Codec<T>::encode(value)); }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

template <class T = Bytes>
using MultiValue = Register<T, Kind::multi_value>;
template <class T = Bytes>
using LastWriter = Register<T, Kind::last_writer>;

}  // namespace ukstore
