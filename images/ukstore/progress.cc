#include <ukstore/images/ukstore/progress.h>

#include <unistd.h>

namespace ukstore::cli {
namespace {

constexpr std::chrono::milliseconds kInterval(200);
constexpr uint64_t kCallsPerLook = 64;

void write_all(int fd, const std::string& text) {
  [[maybe_unused]] const ssize_t ignored = ::write(fd, text.data(), text.size());
}

}  // namespace

Progress::How Progress::how(Context& context) {
  const std::string asked = context.option("progress").value_or("auto");
  if (asked == "none") return How::none;
  if (asked == "plain") return How::plain;
  if (asked == "json") return How::json;
  return isatty(context.process().err) == 1 ? How::terminal : How::none;
}

Progress::Progress(Context& context, std::string phase, std::string unit, uint64_t total)
    : how_(how(context)),
      fd_(context.process().err),
      phase_(std::move(phase)),
      unit_(std::move(unit)),
      total_(total) {}

Progress::~Progress() {
  if (shown_ && how_ == How::terminal) write_all(fd_, "\r\x1b[K");
}

void Progress::at(uint64_t done) {
  done_ = done;
  // The clock is looked at now and then only, except where each step is long.
  if (how_ == How::none || (++calls_ > kCallsPerLook && calls_ % kCallsPerLook != 0)) return;
  look(done);
}

void Progress::look(uint64_t done) {
  done_ = done;
  if (how_ == How::none) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  shown_ = true;
  print(now);
}

void Progress::print(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto rate = static_cast<uint64_t>(static_cast<double>(done_) / seconds);
  const uint64_t left = total_ > done_ && rate > 0 ? (total_ - done_) / rate : 0;
  if (how_ == How::json) {
    Json object = {{"phase", phase_}};
    if (!unit_.empty()) {
      object.update({{"done", done_}, {"unit", unit_}, {"rate", rate}});
    }
    if (total_ > 0) {
      object["total"] = total_;
      object["left_s"] = left;
    }
    if (bytes_ > 0) object["bytes"] = bytes_;
    return write_all(fd_, line_of({{"progress", object}}) + "\n");
  }
  std::string text = phase_;
  if (!unit_.empty()) {
    text += ": " + std::to_string(done_);
    if (total_ > 0) text += " of " + std::to_string(total_);
    text += " " + unit_ + ", " + std::to_string(rate) + " a second";
  }
  if (total_ > 0) text += ", " + std::to_string(left) + " s left";
  if (bytes_ > 0) text += ", " + std::to_string(bytes_ / 1024) + " KiB";
  write_all(fd_, how_ == How::terminal ? "\r\x1b[K" + text : text + "\n");
}

}  // namespace ukstore::cli
