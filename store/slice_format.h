#pragma once
// The parts of a slice that its writer and its reader share.

#include <ukstore/store/byte_reader.h>
#include <ukstore/store/store.h>

namespace ukstore {

constexpr size_t kSliceHeaderBytes = 16;
// Magic, version of the format, hash algorithm.
inline Bytes slice_header() {
  Bytes header("ukslice\n", 8);
  append_le<uint32_t>(header, 1);
  append_le<uint32_t>(header, 1);
  return header;
}

// A ref takes this much and its name.
constexpr size_t kSliceRefBytes = 1 + 1 + 32 + 1;
inline void append_slice_ref(Bytes& to, const Ref& ref) {
  append_le<uint8_t>(to, static_cast<uint8_t>(ref.kind));
  append_le<uint8_t>(to, static_cast<uint8_t>(ref.head.kind));
  to += ref.head.ref.hash.view();
  append_le<uint8_t>(to, static_cast<uint8_t>(ref.name.size()));
  to += ref.name;
}

}  // namespace ukstore
