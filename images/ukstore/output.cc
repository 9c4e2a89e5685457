#include <ukstore/images/ukstore/output.h>

#include <ukstore/images/ukstore/failure.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ukstore::cli {
namespace {

constexpr size_t kBufferBytes = 64 << 10;

std::string_view code(Color color) {
  switch (color) {
    case Color::none:
      return "";
    case Color::red:
      return "\x1b[31m";
    case Color::green:
      return "\x1b[32m";
    case Color::yellow:
      return "\x1b[33m";
    case Color::cyan:
      return "\x1b[36m";
    case Color::bold:
      return "\x1b[1m";
    case Color::dim:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

void Output::line(std::string_view text) {
  waiting_.append(text).push_back('\n');
  if (waiting_.size() >= kBufferBytes) flush();
}

void Output::bytes(std::string_view bytes) {
  waiting_.append(bytes);
  if (waiting_.size() >= kBufferBytes) flush();
}

void Output::note(std::string_view text) {
  if (volume_ == Volume::normal) line(text);
}

void Output::object(const Json& object) { line(line_of(object)); }

std::string Output::painted(Color color, std::string_view text) const {
  if (paint_ == Paint::no || color == Color::none) return std::string(text);
  return std::string(code(color)).append(text).append("\x1b[0m");
}

void Output::flush() {
  std::string_view left = waiting_;
  while (!left.empty()) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    waiting_.clear();
    if (error == EPIPE) throw BrokenPipe{};
    throw Failure{error == ENOSPC || error == EDQUOT ? Exit::full : Exit::io,
                  "cannot write the output",
                  {std::strerror(error)},
                  {"send it elsewhere, such as into: | less"}};
  }
  waiting_.clear();
}

void Output::flush_quietly() noexcept {
  try {
    flush();
  } catch (...) {
    waiting_.clear();
  }
}

bool Output::is_terminal() const { return isatty(fd_) == 1; }

}  // namespace ukstore::cli
