#include <ukstore/images/ukstore/interruption.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>

namespace ukstore::cli {
namespace {

// What the handler may look at: lock-free, and never freed while it may run.
struct Handled {
  std::atomic<Phase> phase = Phase::reading;
  std::atomic<bool> json = false;
  std::atomic<int> err = 2;
  std::atomic<const char*> unfinished = nullptr;
};
Handled& handled() {
  static Handled state;
  return state;
}

struct Words {
  const char* cause;
  const char* hint;
};

Words words_of(Phase phase) {
  switch (phase) {
    case Phase::reading:
      return {"nothing was changed", "run the command again"};
    case Phase::committing:
      return {"either all of it is stored or nothing, never a part",
              "see whether it is: ukstore journal -n 1"};
    case Phase::receiving:
      return {"what has come so far is kept, and nothing of it is seen yet",
              "run the command again: it goes on where it stopped"};
    case Phase::following:
      return {"", ""};
  }
  return {"", ""};
}

// Only what is safe within a signal handler: fixed strings, write, unlink, _exit.
void say(const char* text) {
  [[maybe_unused]] ssize_t ignored = ::write(handled().err, text, std::strlen(text));
}

void end_now(int signal) {
  const bool interrupt = signal == SIGINT;
  const Phase phase = handled().phase;
  if (const char* path = handled().unfinished) ::unlink(path);
  if (phase != Phase::following) {
    const Words words = words_of(phase);
    const char* what = interrupt ? "interrupted" : "terminated";
    if (handled().json) {
      say("{\"error\":{\"code\":\"");
      say(what);
      say(interrupt ? "\",\"exit\":130,\"message\":\"" : "\",\"exit\":143,\"message\":\"");
      say(what);
      say("\",\"causes\":[\"");
      say(words.cause);
      say("\"],\"hints\":[\"");
      say(words.hint);
      say("\"]}}\n");
    } else {
      say("error: ");
      say(what);
      say("\ncause: ");
      say(words.cause);
      say("\nhint: ");
      say(words.hint);
      say("\n");
    }
  }
  ::_exit(interrupt ? 130 : 143);
}

}  // namespace

void end_well_when_interrupted(const Process& process) {
  handled().json = std::ranges::find(process.words, "--json") != process.words.end();
  handled().err = process.err;
  struct sigaction action{};
  action.sa_handler = end_now;
  sigfillset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    // Who starts it in the background has said that ctrl-C is not meant for it.
    struct sigaction before{};
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

void set_phase(Phase phase) { handled().phase = phase; }

UnfinishedFile::UnfinishedFile(std::filesystem::path path) : path_(std::move(path)) {
  handled().unfinished = path_.c_str();
}

UnfinishedFile::~UnfinishedFile() {
  handled().unfinished = nullptr;
  std::error_code error;
  if (!finished_) std::filesystem::remove(path_, error);
}

void UnfinishedFile::finished() {
  finished_ = true;
  handled().unfinished = nullptr;
}

}  // namespace ukstore::cli
