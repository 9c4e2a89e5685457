#include <ukstore/images/ukstore/shell.h>

#include <ukstore/images/ukstore/failure.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace ukstore::cli {
namespace {

[[noreturn]] void fail_to_start(const std::string& command) {
  throw Failure{Exit::io,
                "cannot run " + in_quotes(command),
                {std::strerror(errno)},
                {"try it alone: sh -c " + shell_word(command)}};
}

[[noreturn]] void become(const std::string& command, int input,
                         const std::map<std::string, std::string>& variables) {
  std::signal(SIGPIPE, SIG_DFL);
  ::dup2(input, STDIN_FILENO);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

int run_shell(const std::string& command, const std::string& input,
              const std::map<std::string, std::string>& variables) {
  int ends[2];
  if (::pipe(ends) != 0) fail_to_start(command);
  const pid_t child = ::fork();
  if (child < 0) fail_to_start(command);
  if (child == 0) {
    ::close(ends[1]);
    become(command, ends[0], variables);
  }
  ::close(ends[0]);
  for (std::string_view left = input; !left.empty();) {
    const ssize_t size = ::write(ends[1], left.data(), left.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;  // it does not read what it gets
    left.remove_prefix(static_cast<size_t>(size));
  }
  ::close(ends[1]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace ukstore::cli
