#pragma once
// A map from byte strings to values of one type, which may be a map again; and the plain file as a
// type, for maps of files.
//
// A map is a live entry at its path, and its keys are the steps below it: the counter `a` of the
// map `stock` is the counter at `stock/a`.  So maps merge as paths do, at every depth.  Erasing a
// key beside a change below it keeps the change, with what the erasing had seen reset.  A map that
// was created stays, empty or not, until it is removed.

#include <ukstore/merge/tx.h>

namespace ukstore {

// A key as a step of a path and back: '%', '/' and NUL as %25, %2F and %00, the empty key as "%".
// Escaped keys are at most 255 bytes.
Bytes step_of_key(BytesView key);
Result<Bytes> key_of_step(BytesView step);

// Whether a map is live there, and its keys.
Result<std::vector<Bytes>> map_keys(const State& state, BytesView path, BytesView from,
                                    uint64_t limit);
void create_map(Tx& tx, BytesView path);

struct File {
  static constexpr Kind kind = Kind::file;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
    // As State::get.
    Result<std::optional<Bytes>> get() const { return state_.get(path_); }

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    void set(BytesView bytes) { tx_.set(path_, bytes); }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

template <class V = File>
struct Map {
  static constexpr Kind kind = Kind::map;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
    // The value of a key, to read.
    typename V::Reader at(BytesView key) const {
      return typename V::Reader(state_, path_ + "/" + step_of_key(key));
    }
    Result<bool> contains(BytesView key) const {
      auto value = state_.value(path_ + "/" + step_of_key(key));
      if (!value) return pass_on(value);
      return value->has_value();
    }
    // The keys in the order of their steps, at most `limit` from the first not below `from`.
    Result<std::vector<Bytes>> keys(BytesView from = {}, uint64_t limit = UINT64_MAX) const {
      return map_keys(state_, path_, from, limit);
    }
    // Whether a map was created here and not removed.
    Result<bool> exists() const { return state_.is_live(path_, kind); }

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    // Makes a map here if there is none.
    void create() { create_map(tx_, path_); }
    // The value of a key, to read and write; makes the map if there is none.
    typename V::Writer at(BytesView key) {
      create();
      return typename V::Writer(tx_, path_ + "/" + step_of_key(key));
    }
    // Does nothing if the key is not there.
    void erase(BytesView key) { tx_.remove(path_ + "/" + step_of_key(key)); }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
