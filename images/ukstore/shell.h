#pragma once
// A shell command of the user's.

#include <map>
#include <string>

namespace ukstore::cli {

// Runs `command` by sh, with `input` on its standard input and these variables beside those of this
// process; returns its exit code (128 + the signal that ended it).  Throws a Failure if there is no
// shell.
int run_shell(const std::string& command, const std::string& input,
              const std::map<std::string, std::string>& variables);

}  // namespace ukstore::cli
