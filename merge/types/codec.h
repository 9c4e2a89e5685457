#pragma once
// How elements and values of types become bytes: the bytes order as the values do.
//
// A type of the program's own gets a specialisation with the same two functions.

#include <ukstore/store/bytes.h>
#include <ukstore/store/error.h>

namespace ukstore {

template <class T>
struct Codec;

template <>
struct Codec<Bytes> {
  static Bytes encode(BytesView value) { return Bytes(value); }
  static Result<Bytes> decode(BytesView bytes) { return Bytes(bytes); }
};

template <>
struct Codec<uint64_t> {
  static Bytes encode(uint64_t value) { return big_endian(value); }
  static Result<uint64_t> decode(BytesView bytes) {
    if (bytes.size() != 8) return fail(Error::Kind::corrupt, "a number is not of eight bytes");
    uint64_t value = 0;
    for (char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
};

template <>
struct Codec<int64_t> {
  static constexpr uint64_t kSign = uint64_t{1} << 63;
  static Bytes encode(int64_t value) { return big_endian(static_cast<uint64_t>(value) ^ kSign); }
  static Result<int64_t> decode(BytesView bytes) {
    auto value = Codec<uint64_t>::decode(bytes);
    if (!value) return pass_on(value);
    return static_cast<int64_t>(*value ^ kSign);
  }
};

}  // namespace ukstore
