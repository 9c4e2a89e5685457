#pragma once
// What the command line gets from the system: `main` fills it from the real one, tests by hand.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ukstore::cli {

struct Process {
  std::vector<std::string> words;                  // the command line without the program's name
  std::map<std::string, std::string> environment;  // UKSTORE_..., NO_COLOR, HOME, USER
  std::filesystem::path folder;                    // the working directory
  int in = 0, out = 1, err = 2;                    // descriptors, borrowed
};

// Runs one command; returns the exit code of the process.
int run(const Process& process);

}  // namespace ukstore::cli
