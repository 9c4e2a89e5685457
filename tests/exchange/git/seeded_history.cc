#include "seeded_history.h"

#include <cstddef>
#include <map>
#include <random>
#include <vector>

namespace ukstore::tests {
namespace {

struct File {
  std::string mode;
  std::string content;  // ":MARK", or the id of a commit
  int written = 0;      // by which commit
  bool operator==(const File& other) const {
    return mode == other.mode && content == other.content;
  }
};
using Files = std::map<std::string, File>;

struct Made {
  int mark;
  Files files;
};

std::string quoted(const std::string& path) {
  std::string text = "\"";
  for (char c : path) {
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (c == '\n') {
      text += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      static constexpr char kDigits[] = "01234567";
      unsigned value = static_cast<unsigned char>(c);
      text += {'\\', kDigits[value >> 6], kDigits[value >> 3 & 7], kDigits[value & 7]};
    } else {
      text.push_back(c);
    }
  }
  return text + "\"";
}

class Generator {
 public:
  explicit Generator(const SeededHistory& history) : random_(history.seed), names_(history.names) {}

  std::string run(int commits) {
    lines_.push_back(commit({}));
    for (int i = 1; i < commits; ++i) step();
    refs();
    return std::move(stream_);
  }

 private:
  size_t pick(size_t count) { return static_cast<size_t>(random_() % count); }
  bool chance(int in_a_hundred) { return pick(100) < static_cast<size_t>(in_a_hundred); }

  void step() {
    size_t line = pick(lines_.size());
    std::vector<Made> parents{lines_[line]};
    size_t other = pick(lines_.size());
    if (chance(30) && lines_[other].mark != parents[0].mark) {
      parents.push_back(lines_[other]);
      size_t third = pick(lines_.size());
      bool differs = lines_[third].mark != parents[0].mark && lines_[third].mark != parents[1].mark;
      if (chance(15) && differs) parents.push_back(lines_[third]);
    } else if (chance(2)) {
      parents.clear();  // a second root
    }
    Made made = commit(parents);
    // Both heads go on from a merge crosswise now and then.
    if (parents.size() == 2 && chance(40)) {
      std::swap(parents[0], parents[1]);
      lines_[other] = commit(parents);
    }
    if (lines_.size() < 5 && chance(25)) {
      lines_.push_back(std::move(made));
    } else {
      lines_[line] = std::move(made);
    }
  }

  std::string path() {
    static const std::vector<std::string> kNames{
        "a",       "a.c",       "README",      "README.md", "b",        "dir",      "dir/deep",
        "q\"uote", "two words", "back\\slash", "new\nline", "\xff\xfe", "\xc3\xa9", "-dash",
        " lead",   "tab\there", "lib",         "lib-x",     "lib.x",    "Makefile", "makefile"};
    std::string made = kNames[pick(kNames.size())];
    while (chance(45)) made += "/" + kNames[pick(kNames.size())];
    if (names_ == SeededHistory::Names::never_both) made += ".file";
    return made;
  }

  std::string content() {
    std::string text;
    size_t sizes[] = {0, 5, 32, 33, 64, 65, 300, 5000};
    size_t size = chance(2) ? 100'000 : sizes[pick(8)];
    while (text.size() < size) text += std::to_string(random_()) + (chance(30) ? "\n" : " ");
    text.resize(size);
    int mark = ++marks_;
    stream_ += "blob\nmark :" + std::to_string(mark) + "\ndata " + std::to_string(text.size()) +
               "\n" + text + "\n";
    return ":" + std::to_string(mark);
  }

  File file(int commit) {
    static const char* kModes[] = {"100644", "100644", "100644", "100755", "120000"};
    if (chance(4)) {
      std::string id;
      for (int i = 0; i < 40; ++i) id.push_back("0123456789abcdef"[pick(16)]);
      return {"160000", id, commit};
    }
    return {kModes[pick(5)], content(), commit};
  }

  static void put(Files& files, const std::string& path, File file) {
    for (size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      files.erase(path.substr(0, slash));
    }
    auto below = files.lower_bound(path + "/");
    while (below != files.end() && below->first.starts_with(path + "/")) {
      below = files.erase(below);
    }
    files[path] = std::move(file);
  }

  // The files of a merge: what was written last at each path, mostly.
  Files merged(const std::vector<Made>& parents) {
    Files files = parents[0].files;
    for (size_t i = 1; i < parents.size(); ++i) {
      for (const auto& [path, theirs] : parents[i].files) {
        auto ours = files.find(path);
        if (ours != files.end() && (ours->second.written >= theirs.written || chance(20))) continue;
        put(files, path, theirs);
      }
    }
    return files;
  }

  void change(Files& files, int commit) {
    size_t count = chance(10) ? 0 : 1 + pick(4);
    for (size_t i = 0; i < count; ++i) {
      auto some = files.begin();
      if (!files.empty()) std::advance(some, static_cast<std::ptrdiff_t>(pick(files.size())));
      if (files.empty() || chance(45)) {
        std::string at = chance(50) || files.empty() ? path() : some->first;
        put(files, at, file(commit));
      } else if (chance(30)) {
        files.erase(some);
      } else if (chance(40)) {
        File moved = some->second;
        moved.written = commit;
        files.erase(some);
        put(files, path(), std::move(moved));
      } else if (some->second.mode == "100644") {
        some->second.mode = "100755";
        some->second.written = commit;
      }
    }
  }

  std::string date() {
    static const char* kZones[] = {"+0000", "+0200", "-0330", "+0545",
                                   "-0000", "+1400", "+0060", "+0"};
    std::string seconds = chance(5) ? "0" : std::to_string(1'000'000'000 + pick(900'000'000));
    if (chance(3)) seconds = "4102444800";
    return seconds + " " + kZones[chance(80) ? pick(4) : pick(8)];
  }
  std::string who() {
    static const char* kNames[] = {"A U Thor <a@example.com>", "\xc3\x89mile <e@example.com>",
                                   "<nobody@example.com>",     "No Address <>",
                                   "Q \"x\" Y <q@x>",          "Latin \xe9 <l@x>"};
    return std::string(kNames[pick(6)]) + " " + date();
  }
  std::string message() {
    static const char* kMessages[] = {"",          "a line\n",    "no end of line",
                                      "caf\xe9\n", "\n\nblank\n", "subject\n\nbody\nfrom :1\n"};
    return kMessages[pick(6)];
  }
  static std::string data(const std::string& text) {
    return "data " + std::to_string(text.size()) + "\n" + text + "\n";
  }

  Made commit(const std::vector<Made>& parents) {
    int number = ++commits_;
    Files files = parents.empty() ? Files() : merged(parents);
    change(files, number);
    int mark = ++marks_;
    std::string ref = "refs/heads/line" + std::to_string(pick(3));
    if (parents.empty()) stream_ += "reset " + ref + "\n";
    stream_ += "commit " + ref + "\nmark :" + std::to_string(mark) + "\n";
    if (chance(90)) stream_ += "author " + who() + "\n";
    stream_ += "committer " + who() + "\n";
    if (chance(10)) stream_ += "encoding ISO-8859-1\n";
    stream_ += data(message());
    for (size_t i = 0; i < parents.size(); ++i) {
      stream_ += (i == 0 ? "from :" : "merge :") + std::to_string(parents[i].mark) + "\n";
    }
    stream_ += "deleteall\n";
    for (const auto& [path, file] : files) {
      stream_ += "M " + file.mode + " " + file.content + " " + quoted(path) + "\n";
    }
    stream_ += "\n";
    return {mark, std::move(files)};
  }

  void refs() {
    for (size_t i = 0; i < 3; ++i) stream_ += "reset refs/heads/line" + std::to_string(i) + "\n\n";
    for (size_t i = 0; i < lines_.size(); ++i) {
      std::string mark = std::to_string(lines_[i].mark);
      stream_ += "reset refs/heads/topic/" + std::to_string(i) + "\nfrom :" + mark + "\n\n";
      stream_ += "reset refs/tags/light" + std::to_string(i) + "\nfrom :" + mark + "\n\n";
      stream_ += "tag v" + std::to_string(i) + "\nfrom :" + mark + "\n";
      if (chance(80)) stream_ += "tagger " + who() + "\n";
      stream_ += data(message());
    }
  }

  std::mt19937_64 random_;
  const SeededHistory::Names names_;
  std::string stream_;
  std::vector<Made> lines_;
  int marks_ = 0;
  int commits_ = 0;
};

}  // namespace

std::string stream_of(const SeededHistory& history) {
  return Generator(history).run(history.commits);
}

}  // namespace ukstore::tests
