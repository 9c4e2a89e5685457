// probe [PREFIX...]: runs the tests whose names begin with one of the prefixes, or all, and prints
// one line for each.

#include <cstdio>
#include <exception>
#include <string_view>

#include "probe.h"

namespace {

bool wanted(const probe::Test& test, int count, char** prefixes) {
  for (int i = 0; i < count; ++i) {
    if (test.name.starts_with(prefixes[i])) return true;
  }
  return count == 0;
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

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  int run = 0, failed = 0;
  for (auto group : {probe::cxx_tests, probe::thread_tests, probe::clock_tests, probe::memory_tests,
                     probe::file_tests}) {
    for (const probe::Test& test : group()) {
      if (!wanted(test, argc - 1, argv + 1)) continue;
      ++run;
      if (!passes(test)) ++failed;
    }
  }
  std::printf("%d passed, %d failed\n", run - failed, failed);
  return failed ? 1 : run ? 0 : 2;
}
