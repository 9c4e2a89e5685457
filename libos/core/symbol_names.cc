#include <ukstore/libos/core/symbol_names.h>

namespace ukstore::libos {
namespace {

constexpr uint8_t kFirstPair = 128;

uint64_t take_uleb(const uint8_t*& at) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *at++;
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

// A pair consists of earlier ones, so at most 128 bytes wait at a time.
void spell(const SymbolTable& table, uint8_t byte, Text<kSymbolNameMax>& out) {
  uint8_t waiting[128];
  size_t count = 0;
  for (;;) {
    if (byte >= kFirstPair) {
      waiting[count++] = table.pairs[byte - kFirstPair][1];
      byte = table.pairs[byte - kFirstPair][0];
      continue;
    }
    char letter = static_cast<char>(byte);
    out.add(std::string_view(&letter, 1));
    if (count == 0) return;
    byte = waiting[--count];
  }
}

}  // namespace

Symbol find_symbol(const SymbolTable& table, uint64_t address) {
  const uint8_t* distance = table.distances;
  const uint8_t* name = table.names;
  uint64_t begin = 0, next = table.count ? take_uleb(distance) : 0;
  Symbol found;
  if (table.count == 0 || address < next) {
    found.name.add("?");
    return found;
  }
  for (uint32_t left = table.count;; --left) {
    begin = next;
    if (left == 1) break;
    next += take_uleb(distance);
    if (next > address) break;
    while (*name++ != 0) {
    }
  }
  for (; *name != 0; ++name) spell(table, *name, found.name);
  found.offset = address - begin;
  return found;
}

}  // namespace ukstore::libos
