#pragma once
// A set where adding wins over a concurrent removal.
//
// State: for each element the dots of the additions that no removal has seen.  `insert` replaces
// the dots of the element that it has seen by its own, `erase` removes them.  So an element has one
// dot, and several only where writers added it without knowing of each other: keeping all of those
// is what makes a removal that saw only one of them leave the element in.

#include <ukstore/merge/tx.h>
#include <ukstore/merge/types/codec.h>

namespace ukstore {

// The set of bytes that the typed one speaks to.
class ByteSet {
 public:
  // The most that an element may take when encoded.
  static constexpr size_t kElementBytesMax = kKeyBytesMax - 1;

  ByteSet(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
  Result<bool> contains(BytesView element) const;
  Result<uint64_t> size() const;
  // The elements in order, at most `limit` from the first that is not below `from`.
  Result<std::vector<Bytes>> elements(BytesView from, uint64_t limit) const;

  static void insert(Tx& tx, BytesView path, BytesView element);
  static void erase(Tx& tx, BytesView path, BytesView element);
  static void clear(Tx& tx, BytesView path);

 private:
  State state_;
  Bytes path_;
};

template <class T = Bytes>
struct Set {
  static constexpr Kind kind = Kind::set;

  class Reader {
   public:
    Reader(State state, Bytes path) : set_(std::move(state), std::move(path)) {}
    Result<bool> contains(const T& element) const {
      return set_.contains(Codec<T>::encode(element));
    }
    Result<uint64_t> size() const { return set_.size(); }
    // In the order of their encoding, at most `limit` from the first that is not below `from`.
    Result<std::vector<T>> elements(std::optional<T> from = {}, uint64_t limit = UINT64_MAX) const {
      auto read = set_.elements(from ? Codec<T>::encode(*from) : Bytes(), limit);
      if (!read) return pass_on(read);
      std::vector<T> elements;
      for (const Bytes& bytes : *read) {
        auto element = Codec<T>::decode(bytes);
        if (!element) return pass_on(element);
        elements.push_back(std::move(*element));
      }
      return elements;
    }

   private:
    ByteSet set_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    // Adds it, also where it is: the addition then outlives a removal that does not know of it.
    void insert(const T& element) { ByteSet::insert(tx_, path_, Codec<T>::encode(element)); }
    // Does nothing if it is not there.
    void erase(const T& element) { ByteSet::erase(tx_, path_, Codec<T>::encode(element)); }
    void clear() { ByteSet::clear(tx_, path_); }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
