#include <ukstore/merge/exchange/git_text.h>

#include <ukstore/store/tree.h>

#include <charconv>
#include <cstdlib>

namespace ukstore {
namespace {

// "+0530" as minutes.
std::optional<int32_t> zone_minutes(BytesView zone) {
  if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  int32_t value = 0;
  auto [end, error] = std::from_chars(zone.data() + 1, zone.data() + 5, value);
  if (error != std::errc() || end != zone.data() + 5) return std::nullopt;
  int32_t minutes = value / 100 * 60 + value % 100;
  return zone[0] == '-' ? -minutes : minutes;
}

Bytes date_of(const Signature& signature) {
  int32_t minutes = std::abs(signature.offset_minutes);
  Bytes zone = std::to_string(minutes / 60 * 100 + minutes % 60);
  zone.insert(0, zone.size() < 4 ? 4 - zone.size() : 0, '0');
  return std::to_string(signature.seconds) + (signature.offset_minutes < 0 ? " -" : " +") + zone;
}

// git: a number, a space, a sign, and a number of at most 1400.
bool is_date(BytesView date) {
  size_t space = date.find(' ');
  if (space == BytesView::npos || space == 0 || space + 2 >= date.size()) return false;
  uint64_t seconds = 0, zone = 0;
  BytesView first = date.substr(0, space), sign = date.substr(space + 1, 1);
  BytesView last = date.substr(space + 2);
  if (first[0] == '-') first.remove_prefix(1);
  auto a = std::from_chars(first.data(), first.data() + first.size(), seconds);
  auto b = std::from_chars(last.data(), last.data() + last.size(), zone);
  return a.ec == std::errc() && a.ptr == first.data() + first.size() && b.ec == std::errc() &&
         b.ptr == last.data() + last.size() && (sign == "+" || sign == "-") && zone <= 1400;
}

}  // namespace

Result<Bytes> normal_ident(BytesView ident) {
  auto refuse = [&](const char* what) {
    return fail(Error::Kind::invalid, std::string(what) + " in \"" + printable(ident) + "\"");
  };
  if (ident.find('\0') != BytesView::npos) return refuse("a NUL");
  Bytes normal = ident.starts_with('<') ? " " + Bytes(ident) : Bytes(ident);
  size_t open = normal.find_first_of("<>");
  if (open == Bytes::npos || normal[open] != '<') return refuse("no '<'");
  if (open > 0 && normal[open - 1] != ' ') return refuse("no space before '<'");
  size_t close = normal.find_first_of("<>", open + 1);
  if (close == Bytes::npos || normal[close] != '>') return refuse("no '>'");
  if (close + 1 >= normal.size() || normal[close + 1] != ' ') return refuse("no space behind '>'");
  if (!is_date(BytesView(normal).substr(close + 2))) return refuse("no date");
  return normal;
}

ReadIdent read_ident(BytesView ident) {
  ReadIdent read;
  size_t end = ident.find('>', ident.find('<'));
  read.signature.name = Bytes(ident.substr(0, end + 1));
  BytesView date = ident.substr(end + 2);
  size_t space = date.find(' ');
  std::from_chars(date.data(), date.data() + space, read.signature.seconds);
  read.signature.offset_minutes = zone_minutes(date.substr(space + 1)).value_or(0);
  if (date_of(read.signature) != date) read.odd_date = Bytes(date);
  return read;
}

Bytes write_ident(const Signature& signature, const std::optional<Bytes>& odd_date) {
  return signature.name + " " + odd_date.value_or(date_of(signature));
}

Bytes git_commit_text(const GitId& tree, std::span<const GitId> parents, BytesView author,
                      BytesView committer, std::span<const fast_import::Header> headers,
                      BytesView message) {
  Bytes text = "tree " + to_hex(tree) + "\n";
  for (const GitId& parent : parents) text += "parent " + to_hex(parent) + "\n";
  (text += "author ") += author;
  (text += "\ncommitter ") += committer;
  text.push_back('\n');
  for (const fast_import::Header& header : headers) {
    text += header.name + " ";
    for (char byte : header.value) {
      text.push_back(byte);
      if (byte == '\n') text.push_back(' ');
    }
    text.push_back('\n');
  }
  text.push_back('\n');
  text += message;
  return text;
}

std::optional<Bytes> header_value(const std::vector<std::pair<Bytes, Bytes>>& headers,
                                  BytesView name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace ukstore
