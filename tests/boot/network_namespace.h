#pragma once
// A network namespace of a test's own.

#include <string>

#include "machine.h"

namespace boot_test {

// A line for the shell.
Outcome shell(const std::string& command);

// The calling thread, and what it starts, lives in a network namespace of its own for as long as
// this does.
class Namespace {
 public:
  Namespace() = default;
  ~Namespace();
  Namespace(const Namespace&) = delete;

  // Enters it and sets it up by shell commands.  Why that cannot be, or an empty string.
  std::string enter(const std::string& commands);

 private:
  int before_ = -1;
};

// A TAP device tap0 whose end of the kernel has 10.9.0.1 and fd09::1.
extern const char* const kOneTap;

}  // namespace boot_test
