#pragma once
// Small tests that give the same output as a Linux process and on the virtual machines.

#include <functional>
#include <source_location>
#include <string>
#include <vector>

namespace probe {

struct Failure {
  std::string what;
};

// Throws a Failure that names the line unless `holds`.
inline void expect(bool holds, const char* what = "",
                   std::source_location at = std::source_location::current()) {
  if (holds) return;
  throw Failure{std::string(at.file_name()) + ":" + std::to_string(at.line()) + " " + what};
}

struct Test {
  std::string name;
  std::function<void()> run;
};

std::vector<Test> cxx_tests();
std::vector<Test> thread_tests();
std::vector<Test> clock_tests();
std::vector<Test> memory_tests();
std::vector<Test> file_tests();
std::vector<Test> crypto_tests();
std::vector<Test> kj_tests();

// On the disk at `path`: libos's, or an ordinary file of the host.
std::vector<Test> lmdb_tests(std::string path);

}  // namespace probe
