#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace node_boot {

Child::Child(const std::vector<std::string>& command) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) throw std::runtime_error("pipe");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(out[1], 2);
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

Child::~Child() {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
  close(in_);
  close(out_);
}

bool Child::take_more() {
  constexpr int kSilenceMaxMs = 150'000;
  pollfd output{out_, POLLIN, 0};
  if (poll(&output, 1, kSilenceMaxMs) <= 0) return false;
  char buffer[4096];
  const ssize_t count = read(out_, buffer, sizeof buffer);
  if (count > 0) text_.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

std::optional<std::string> Child::line_after(const std::string& beginning) {
  do {
    for (size_t at = 0, end; (end = text_.find('\n', at)) != text_.npos; at = end + 1) {
      std::string line = text_.substr(at, end - at);
      if (line.ends_with('\r')) line.pop_back();
      if (line.starts_with(beginning)) return line.substr(beginning.size());
    }
  } while (take_more());
  return std::nullopt;
}

void Child::write(const std::string& text) {
  if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error("write");
  }
}

void Child::signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

int Child::wait() {
  if (pid_ < 0) return -1;
  while (take_more()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace node_boot
