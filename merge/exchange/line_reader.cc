#include <ukstore/merge/exchange/line_reader.h>

#include <algorithm>

namespace ukstore {
namespace {

// How many bytes are equal at the start of both.
size_t equal_bytes(const char* a, const char* b, size_t bytes) {
  size_t at = 0;
  for (size_t block : {size_t{4096}, size_t{64}}) {
    while (at + block <= bytes && std::memcmp(a + at, b + at, block) == 0) at += block;
  }
  while (at < bytes && a[at] == b[at]) ++at;
  return at;
}

}  // namespace

Result<LineReader::More> LineReader::fill() {
  if (ended_) return More::none;
  if (start_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
    bytes_before_ += start_;
    end_ -= start_;
    start_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  auto taken = source_.read(std::span(buffer_).subspan(end_));
  if (!taken) return pass_on(taken);
  end_ += *taken;
  ended_ = *taken == 0;
  return ended_ ? More::none : More::some;
}

Result<std::optional<BytesView>> LineReader::line() {
  size_t searched = 0;
  for (;;) {
    const char* from = buffer_.data() + start_;
    const void* newline = std::memchr(from + searched, '\n', end_ - start_ - searched);
    if (newline) {
      BytesView found(from, static_cast<const char*>(newline));
      line_start_ = start_;
      start_ += found.size() + 1;
      ++lines_;
      return found;
    }
    searched = end_ - start_;
    if (searched > kLineBytesMax) {
      return fail(Error::Kind::invalid, "a line is longer than a mebibyte");
    }
    auto more = fill();
    if (!more) return pass_on(more);
    if (*more == More::some) continue;
    if (start_ == end_) return std::nullopt;
    line_ended_ = false;
    BytesView rest(buffer_.data() + start_, end_ - start_);
    line_start_ = start_;
    start_ = end_;
    ++lines_;
    return rest;
  }
}

Result<LineReader::Skipped> LineReader::skip_lines(BytesView expected) {
  Skipped skipped;
  for (;;) {
    const BytesView wanted = expected.substr(skipped.bytes);
    const BytesView at_hand(buffer_.data() + start_, std::min(end_ - start_, wanted.size()));
    const size_t equal = equal_bytes(at_hand.data(), wanted.data(), at_hand.size());
    const BytesView lines = at_hand.substr(0, at_hand.substr(0, equal).rfind('\n') + 1);
    const auto count = static_cast<uint64_t>(std::ranges::count(lines, '\n'));
    start_ += lines.size();
    lines_ += count;
    skipped.bytes += lines.size();
    skipped.lines += count;
    if (equal < at_hand.size() || at_hand.size() == wanted.size()) return skipped;
    auto more = fill();
    if (!more) return pass_on(more);
    if (*more == More::none) return skipped;
  }
}

Result<void> LineReader::bytes(uint64_t count,
                               const std::function<Result<void>(BytesView)>& piece) {
  while (count > 0) {
    if (start_ == end_) {
      auto more = fill();
      if (!more) return pass_on(more);
      if (*more == More::none) {
        return fail(Error::Kind::invalid,
                    "the stream ends " + std::to_string(count) + " bytes before its data does");
      }
    }
    size_t taken = static_cast<size_t>(std::min<uint64_t>(count, end_ - start_));
    BytesView view(buffer_.data() + start_, taken);
    start_ += taken;
    count -= taken;
    if (auto ok = piece(view); !ok) return ok;
  }
  return {};
}

Result<void> LineReader::skip_newline() {
  if (start_ == end_) {
    auto more = fill();
    if (!more) return pass_on(more);
    if (*more == More::none) return {};
  }
  if (buffer_[start_] == '\n') ++start_;
  return {};
}

}  // namespace ukstore
