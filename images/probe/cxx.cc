// The language and its library: containers, exceptions, streams, thread-local storage, vectors.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <unordered_map>

#include "probe.h"

namespace probe {
namespace {

void containers() {
  std::mt19937_64 random(7);
  std::map<uint64_t, std::string> sorted;
  std::unordered_map<uint64_t, std::string> hashed;
  for (int i = 0; i < 20000; ++i) {
    uint64_t key = random() % 5000;
    sorted[key] = hashed[key] = std::to_string(i);
    if (i % 3 == 0) {
      key = random() % 5000;
      expect(sorted.erase(key) == hashed.erase(key));
    }
  }
  expect(sorted.size() == hashed.size());
  for (auto& [key, value] : sorted) expect(hashed.at(key) == value);
}

int deep(int left) {
  std::string guard(100, 'x');
  if (left == 0) throw std::out_of_range("bottom");
  return deep(left - 1) + static_cast<int>(guard.size());
}

void exceptions() {
  int caught = 0;
  for (int i = 0; i < 200; ++i) {
    try {
      deep(i % 50);
    } catch (const std::logic_error& error) {
      expect(std::string(error.what()) == "bottom");
      ++caught;
    }
  }
  expect(caught == 200);
  try {
    try {
      throw std::runtime_error("inner");
    } catch (...) {
      std::throw_with_nested(std::logic_error("outer"));
    }
  } catch (const std::logic_error& error) {
    try {
      std::rethrow_if_nested(error);
      expect(false);
    } catch (const std::runtime_error& inner) {
      expect(std::string(inner.what()) == "inner");
    }
  }
}

void streams() {
  std::ostringstream out;
  out << 42 << ' ' << 2.5 << ' ' << std::hex << 255;
  expect(out.str() == "42 2.5 ff");
  std::istringstream in("17 0.125");
  int whole = 0;
  double part = 0;
  in >> whole >> part;
  expect(whole == 17 && part == 0.125);
  expect(std::regex_match("commit-0123abcd", std::regex("[a-z]+-[0-9a-f]{8}")));
  expect(!std::ifstream("/nowhere/at/all").is_open());
}

void floating_point() {
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) sum += std::sin(i) * std::sqrt(i) + std::exp(-i * 0.01);
  expect(std::fabs(sum - std::nearbyint(sum)) <= 0.5);
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", 0.1);
  expect(std::string(text) == "0.10000000000000001");
  expect(std::strtod("1e-320", nullptr) > 0);  // denormals are on
}

void allocation() {
  void* nothing = std::malloc(0);
  expect(nothing != nullptr, "malloc(0) gives a pointer");
  std::free(nothing);
  std::vector<std::unique_ptr<char[]>> blocks;
  for (size_t size = 1; size < 300000; size = size * 3 / 2 + 1) {
    blocks.push_back(std::make_unique<char[]>(size));
    std::fill_n(blocks.back().get(), size, 'a');
  }
  std::vector<int> grown;
  for (int i = 0; i < 300000; ++i) grown.push_back(i);
  expect(grown[299999] == 299999);
}

}  // namespace

std::vector<Test> cxx_tests() {
  return {{"cxx/containers", containers},
          {"cxx/exceptions", exceptions},
          {"cxx/streams", streams},
          {"cxx/floating-point", floating_point},
          {"cxx/allocation", allocation}};
}

}  // namespace probe
