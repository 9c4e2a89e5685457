#include <ukstore/images/ukstore/committing.h>

#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/progress.h>

#include <unistd.h>

#include <chrono>
#include <fstream>

namespace ukstore::cli {
namespace {

// The writer's lock says who took it last: "process 4711 since 2026-11-24T08:15:00Z".
std::string holder(const std::filesystem::path& folder) {
  std::ifstream file(folder / "writer.lock");
  std::string line;
  std::getline(file, line);
  line.resize(line.find('\0') == std::string::npos ? line.size() : line.find('\0'));
  return line.empty() ? "another process" : line;
}

}  // namespace

Committing::Committing(Context& context) {
  set_phase(Phase::committing);
  if (!Progress::is_wanted(context)) return;
  const auto form = context.option("progress") == "json" ? Output::Form::json : Output::Form::text;
  watcher_ = std::thread([this, folder = context.store_folder(), fd = context.process().err, form] {
    watch(folder, fd, form);
  });
}

Committing::~Committing() {
  if (!watcher_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_one();
  watcher_.join();
}

void Committing::watch(const std::filesystem::path& folder, int fd, Output::Form form) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return over_; };
  if (ended_.wait_for(lock, std::chrono::milliseconds(300), over)) return;
  const std::string last = holder(folder);
  // It may be this process that has it, and waits for the disk.
  const bool own = last.starts_with("process " + std::to_string(getpid()) + " ");
  const std::string phase = own ? "writing" : "waiting to write";
  std::string text = phase + "; the store was last taken by " + last;
  if (form == Output::Form::json) {
    text = line_of({{"progress", {{"phase", phase}, {"last_writer", last}}}});
  }
  text += "\n";
  [[maybe_unused]] const ssize_t ignored = ::write(fd, text.data(), text.size());
}

}  // namespace ukstore::cli
