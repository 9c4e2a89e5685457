// probe [disk=PATH] [repeat=N] [PREFIX...]: runs the tests whose names begin with one of the
// prefixes, or all, and prints one line for each.  The tests of the disk run if there is a path.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "probe.h"

namespace {

bool wanted(const probe::Test& test, const std::vector<std::string_view>& prefixes) {
  for (std::string_view prefix : prefixes) {
    if (test.name.starts_with(prefix)) return true;
  }
  return prefixes.empty();
}

bool passes(const probe::Test& test) {
  try {
    test.run();
    std::printf("ok %s\n", test.name.c_str());
    return true;
  } catch (const probe::Failure& failure) {
    std::printf("FAILED %s: %s\n", test.name.c_str(), failure.what.c_str());
  } catch (const std::exception& error) {
    std::printf("FAILED %s: %s\n", test.name.c_str(), error.what());
  }
  return false;
}

std::vector<probe::Test> all_tests(const std::string& disk) {
  std::vector<probe::Test> all;
  auto add = [&](std::vector<probe::Test> group) {
    all.insert(all.end(), group.begin(), group.end());
  };
  add(probe::cxx_tests());
  add(probe::thread_tests());
  add(probe::clock_tests());
  add(probe::memory_tests());
  add(probe::file_tests());
  add(probe::crypto_tests());
  add(probe::kj_tests());
  if (!disk.empty()) add(probe::lmdb_tests(disk));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  constexpr std::string_view kDisk = "disk=", kRepeat = "repeat=";
  std::string disk;
  int repeats = 1;
  std::vector<std::string_view> prefixes;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument.starts_with(kDisk)) {
      disk = argument.substr(kDisk.size());
    } else if (argument.starts_with(kRepeat)) {
      repeats = std::atoi(argv[i] + kRepeat.size());
    } else {
      prefixes.push_back(argument);
    }
  }
  int run = 0, failed = 0;
  for (; repeats > 0; --repeats) {
    for (const probe::Test& test : all_tests(disk)) {
      if (!wanted(test, prefixes)) continue;
      ++run;
      if (!passes(test)) ++failed;
    }
  }
  std::printf("%d passed, %d failed\n", run - failed, failed);
  return failed ? 1 : run ? 0 : 2;
}
