#include <ukstore/merge/exchange/fast_import_words.h>

#include <charconv>

namespace ukstore::fast_import {
namespace {

// One escape of a C-style quoted path, behind the backslash; what it stands for, and its length.
struct Escape {
  char byte;
  size_t length;
};
std::optional<Escape> escape(BytesView text) {
  if (text.empty()) return std::nullopt;
  static constexpr BytesView kLetters = "abfnrtv\"\\", kBytes = "\a\b\f\n\r\t\v\"\\";
  if (size_t at = kLetters.find(text[0]); at != BytesView::npos) return Escape{kBytes[at], 1};
  auto octal = text.size() < 3 ? std::nullopt : number(text.substr(0, 3), 8);
  if (!octal || *octal > 0xff) return std::nullopt;
  return Escape{static_cast<char>(*octal), 3};
}

}  // namespace

std::optional<uint64_t> number(BytesView text, int base) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<uint32_t> file_mode(BytesView text) {
  auto mode = number(text, 8);
  if (!mode) return std::nullopt;
  switch (*mode) {
    case 0644:
    case 0100644:
      return 0100644;
    case 0755:
    case 0100755:
      return 0100755;
    case 0120000:
    case 0160000:
    case 0040000:
      return static_cast<uint32_t>(*mode);
    default:
      return std::nullopt;
  }
}

std::optional<size_t> unquote(BytesView text, Bytes& unquoted) {
  unquoted.clear();
  for (size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] != '\\') {
      unquoted.push_back(text[at]);
      continue;
    }
    auto found = escape(text.substr(at + 1));
    if (!found) return std::nullopt;
    unquoted.push_back(found->byte);
    at += found->length;
  }
  return std::nullopt;
}

}  // namespace ukstore::fast_import
