#include <ukstore/tests/cli/background.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace ukstore::cli::tests {
namespace {

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

}  // namespace

// ---- The program.

Background::Background(const Terminal& terminal, const std::vector<std::string>& words) {
  int out[2], err[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  std::vector<std::string> all{"ukstore"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    if (::chdir(terminal.folder().c_str()) != 0) ::_exit(126);
    ::execv(UKSTORE_BINARY, argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

Background::~Background() {
  if (pid_ > 0) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  ::close(err_);
}

std::string Background::line() {
  std::string text;
  for (char c; ::read(out_, &c, 1) == 1;) {
    if (c == '\n') return text;
    text += c;
  }
  return text;
}

void Background::signal(int number) const { ::kill(pid_, number); }

Outcome Background::end() {
  Outcome outcome;
  std::array<char, 4096> piece{};
  const auto drain = [&](int fd, std::string& to) {
    for (ssize_t size; (size = ::read(fd, piece.data(), piece.size())) > 0;) {
      to.append(piece.data(), static_cast<size_t>(size));
    }
  };
  drain(out_, outcome.out);
  drain(err_, outcome.err);
  int status = 0;
  EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
  pid_ = 0;
  outcome.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return outcome;
}

Serving::Serving(const Terminal& terminal, std::vector<std::string> options)
    : process_(terminal,
               [&] {
                 std::vector<std::string> words{"serve", "--listen", "localhost:0"};
                 words.insert(words.end(), options.begin(), options.end());
                 return words;
               }()),
      address_(process_.line()) {
  EXPECT_TRUE(address_.starts_with("uk://")) << process_.end().err;
}

uint16_t Serving::port() const {
  return static_cast<uint16_t>(std::stoi(address_.substr(address_.rfind(':') + 1)));
}

// ---- The wire.

ListeningSocket::ListeningSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd_, 8), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
}

ListeningSocket::~ListeningSocket() {
  close();
  ::close(fd_);
}

int ListeningSocket::accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }
void ListeningSocket::close() { ::shutdown(fd_, SHUT_RDWR); }

Wire::Wire(uint16_t to) : to_(to), thread_([this] { run(); }) {}

Wire::~Wire() {
  socket_.close();
  thread_.join();
}

void Wire::stop_after(uint64_t bytes, std::function<void()> then) {
  then_ = std::move(then);
  stop_at_ = bytes_ + bytes;
}

void Wire::run() {
  for (int dialler; (dialler = socket_.accept()) >= 0;) {
    const int service = connect_to(to_);
    if (service >= 0) pass(dialler, service);
    ::close(dialler);
    ::close(service);
  }
}

void Wire::pass(int dialler, int service) {
  std::array<char, 16 << 10> piece{};
  bool stopped = false;
  for (;;) {
    std::array<pollfd, 2> ends{{{dialler, POLLIN, 0}, {service, POLLIN, 0}}};
    ::poll(ends.data(), ends.size(), -1);
    for (size_t i = 0; i < ends.size(); ++i) {
      if (!ends[i].revents) continue;
      const uint64_t left = stopped ? piece.size() : std::max<uint64_t>(1, stop_at_ - bytes_);
      const ssize_t size =
          ::recv(ends[i].fd, piece.data(), std::min<uint64_t>(piece.size(), left), 0);
      if (size <= 0) return;
      if (stopped) continue;
      bytes_ += static_cast<uint64_t>(size);
      if (!write_all(ends[1 - i].fd, {piece.data(), static_cast<size_t>(size)})) return;
      if (bytes_ < stop_at_) continue;
      stop_at_ = UINT64_MAX;
      stopped = true;
      then_();
    }
  }
}

}  // namespace ukstore::cli::tests
