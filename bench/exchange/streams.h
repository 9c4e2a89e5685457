#pragma once
// What both sides read: streams of `git fast-import`, seeded.

#include <cstdint>
#include <random>
#include <string>

namespace ukstore::bench {

constexpr size_t kFiles = 100'000;
constexpr size_t kDirectories = 317;
constexpr size_t kFileBytes = 100;
constexpr size_t kChanged = 100;

// Files are spread evenly; the paths rise with the number.
inline std::string path_of(size_t file) {
  constexpr size_t kPerDirectory = (kFiles + kDirectories - 1) / kDirectories;
  std::string directory = std::to_string(1000 + file / kPerDirectory);
  return "d" + directory + "/f" + std::to_string(100'000 + file);
}

inline std::string content_of(std::mt19937_64& random) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz 0123456789\n";
  std::string text;
  for (size_t i = 0; i < kFileBytes; ++i)
    text.push_back(kLetters[random() % (sizeof kLetters - 1)]);
  return text;
}

inline std::string blob(size_t mark, const std::string& content) {
  return "blob\nmark :" + std::to_string(mark) + "\ndata " + std::to_string(content.size()) + "\n" +
         content + "\n";
}

inline std::string commit(const std::string& branch, size_t mark, const std::string& message) {
  std::string who = " A U Thor <author@example.com> 1700000000 +0000\n";
  return "commit refs/heads/" + branch + "\nmark :" + std::to_string(mark) + "\nauthor" + who +
         "committer" + who + "data " + std::to_string(message.size()) + "\n" + message + "\n";
}

// All files in one commit on `main`, whose mark is one above their number.
inline std::string one_commit_stream() {
  std::mt19937_64 random(100'000);
  std::string stream;
  for (size_t i = 0; i < kFiles; ++i) stream += blob(i + 1, content_of(random));
  stream += commit("main", kFiles + 1, "all");
  for (size_t i = 0; i < kFiles; ++i) {
    stream += "M 100644 :" + std::to_string(i + 1) + " " + path_of(i) + "\n";
  }
  return stream + "\n";
}

// The same, and on it the branches `ours` and `theirs`, each with `kChanged` files changed, none
// twice.
inline std::string diverged_stream() {
  std::string stream = one_commit_stream();
  std::mt19937_64 random(200);
  size_t mark = kFiles + 2, stride = kFiles / (2 * kChanged), turn = 0;
  for (const char* branch : {"ours", "theirs"}) {
    std::string changes;
    for (size_t i = 0; i < kChanged; ++i, ++mark) {
      stream += blob(mark, content_of(random));
      size_t file = (2 * i + turn) * stride + random() % stride;
      changes += "M 100644 :" + std::to_string(mark) + " " + path_of(file) + "\n";
    }
    stream += commit(branch, mark++, branch) + "from :" + std::to_string(kFiles + 1) + "\n" +
              changes + "\n";
    ++turn;
  }
  return stream;
}

}  // namespace ukstore::bench
