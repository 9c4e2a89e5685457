#pragma once
// A program that a test starts, reads, writes to and ends: a node as a process, or an emulator.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace node_boot {

class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  // Kills it if it still runs.
  ~Child();
  Child(const Child&) = delete;

  // What follows `beginning` in the first line that begins so; nullopt if the output has ended, or
  // nothing has come for 150 s, before there was one.
  std::optional<std::string> line_after(const std::string& beginning);
  void write(const std::string& text);
  void signal(int number);
  // Waits for its end; the exit code, or 128 and the signal.
  int wait();
  // All that it has written, on both outputs.
  const std::string& text() const { return text_; }

 private:
  bool take_more();

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string text_;
};

}  // namespace node_boot
