#include <ukstore/libos/tools/symbol_table.h>

#include <algorithm>
#include <vector>

namespace ukstore::tools {
namespace {

constexpr size_t kFirstPair = 128, kPairsMax = 128;
constexpr size_t kWorthwhile = 4;  // uses of a pair, whose own two bytes must be paid for

std::string uleb128(uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes.push_back(static_cast<char>(value | 128));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

size_t index_of(char first, char second) {
  return size_t{static_cast<uint8_t>(first)} << 8 | static_cast<uint8_t>(second);
}

// The two bytes that stand beside each other most often, in one name; none if that hardly happens.
std::string commonest_pair(const std::string& text) {
  std::vector<size_t> uses(1 << 16);
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\0' && text[i + 1] != '\0') ++uses[index_of(text[i], text[i + 1])];
  }
  auto most = std::max_element(uses.begin(), uses.end());
  if (*most < kWorthwhile) return "";
  auto pair = static_cast<size_t>(most - uses.begin());
  return {static_cast<char>(pair >> 8), static_cast<char>(pair)};
}

void replace(std::string& text, const std::string& pair, char code) {
  size_t out = 0;
  for (size_t i = 0; i < text.size(); ++out) {
    bool here = text.compare(i, 2, pair) == 0;
    text[out] = here ? code : text[i];
    i += here ? 2 : 1;
  }
  text.resize(out);
}

}  // namespace

EncodedSymbols encode_symbols(const std::map<uint64_t, std::string>& functions) {
  EncodedSymbols encoded;
  uint64_t last = 0;
  for (const auto& [address, name] : functions) {
    encoded.distances += uleb128(address - last);
    last = address;
    for (char c : name) encoded.names.push_back(static_cast<uint8_t>(c) < 128 ? c : '?');
    encoded.names.push_back('\0');
  }
  // Byte pair encoding (Gage, 1994): the commonest pair gets a byte of its own, again and again.
  for (size_t code = kFirstPair; code < kFirstPair + kPairsMax; ++code) {
    std::string pair = commonest_pair(encoded.names);
    if (pair.empty()) break;
    encoded.pairs += pair;
    replace(encoded.names, pair, static_cast<char>(code));
  }
  return encoded;
}

}  // namespace ukstore::tools
