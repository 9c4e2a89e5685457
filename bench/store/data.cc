#include <ukstore/bench/store/data.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>

namespace ukstore::bench {
namespace {

constexpr uint64_t kSeed = 20'240'101;

}  // namespace

std::vector<std::string> sorted_keys(size_t n) {
  std::mt19937_64 random(kSeed);
  std::vector<std::string> keys;
  keys.reserve(n);
  char text[kKeyBytes + 1];
  for (size_t i = 0; i < n; ++i) {
    std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(random()));
    keys.emplace_back(text, kKeyBytes);
  }
  std::ranges::sort(keys);
  if (std::ranges::adjacent_find(keys) != keys.end()) throw std::logic_error("equal keys");
  return keys;
}

std::string value(uint64_t number) {
  // splitmix64: cheap, so that making values does not blur what is measured.
  uint64_t state = kSeed + number * kValueBytes;
  std::string bytes(kValueBytes, '\0');
  for (size_t i = 0; i < kValueBytes; i += 8) {
    uint64_t word = state += 0x9e3779b97f4a7c15u;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    word ^= word >> 31;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  return bytes;
}

std::vector<uint32_t> random_indices(size_t n, size_t below) {
  std::mt19937_64 random(kSeed + 1);
  std::vector<uint32_t> indices(n);
  for (uint32_t& index : indices) index = static_cast<uint32_t>(random() % below);
  return indices;
}

bool quick() {
  const char* set = std::getenv("UKSTORE_BENCH_QUICK");
  return set && std::string_view(set) == "1";
}

uint64_t written_bytes() {
  std::ifstream io("/proc/self/io");
  std::string name;
  uint64_t bytes = 0;
  while (io >> name >> bytes) {
    if (name == "wchar:") return bytes;
  }
  throw std::runtime_error("/proc/self/io has no wchar");
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void touch_memory(size_t bytes) {
  constexpr size_t kPageBytes = 4096;
  constexpr int kProtection = PROT_READ | PROT_WRITE, kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = mmap(nullptr, bytes, kProtection, kFlags, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory to touch");
  for (size_t at = 0; at < bytes; at += kPageBytes) static_cast<volatile char*>(memory)[at] = 1;
  munmap(memory, bytes);
}

ScratchDir::ScratchDir() {
  const char* top = std::getenv("TMPDIR");
  std::string name = std::string(top ? top : "/var/tmp") + "/ukstore-bench-XXXXXX";
  if (!mkdtemp(name.data())) throw std::runtime_error("no scratch folder: " + name);
  path_ = name;
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;  // nothing depends on it, and a destructor must not throw
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ukstore::bench
