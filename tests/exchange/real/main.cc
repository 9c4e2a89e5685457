// Histories of real repositories, imported, exported and compared with git: tests/real runs this.
//
//     real_histories [--plain] REPOSITORY...
//
// --plain takes git's stream without --full-tree, which is a hundred times shorter for large trees.
// Prints counts, of what is not compared too, and times.  Exits 1 if anything differs.

#include "../git/history_check.h"

#include <ukstore/store/lmdb_backend.h>

#include <cstdio>
#include <cstring>
#include <exception>

#include <unistd.h>

using namespace ukstore;
using namespace ukstore::tests;

namespace {

void print(const std::string& name, const HistoryCheck& check) {
  const MergeCounts& trees = check.trees;
  std::printf("%s\n  %lu commits, %lu merges in a stream of %lu MiB\n", name.c_str(), check.commits,
              check.merges, check.stream_bytes >> 20);
  std::printf("  %lu refs come back with git's own hashes\n", check.refs_equal);
  std::printf("  %lu commits have another id than in the repository: git's stream drops a header\n",
              check.differences);
  std::printf("  merge bases: %lu pairs of parents compared, %lu with several bases\n",
              check.base_pairs, check.pairs_with_several);
  std::printf("  merged trees: %lu equal git's by policy changed, %lu by the canonical merge\n",
              trees.equal_by_change, trees.equal);
  std::printf("    not compared: %lu git conflicts, %lu file merges, %lu renames, %lu octopus\n",
              trees.conflict, trees.file_merged, trees.rename, trees.octopus);
  std::printf("    %lu canonical ones differ where a side wrote back what the base holds\n",
              trees.written_back);
  for (const auto& [step, seconds] : check.seconds) {
    std::printf("  %-24s %8.1f s of this process's CPU\n", step.c_str(), seconds);
  }
  std::printf("  the import held at most %lu MiB\n", check.memory_kib / 1024);
  for (size_t i = 0; i < check.faults.size() && i < 20; ++i) {
    std::printf("  FAULT: %s\n", check.faults[i].c_str());
  }
  std::printf("  %zu faults\n", check.faults.size());
}

HistoryCheck check_one(const std::string& repository, const std::filesystem::path& scratch,
                       const std::vector<std::string>& fast_export) {
  std::filesystem::remove_all(scratch);
  std::filesystem::create_directories(scratch / "store");
  auto backend = open_lmdb_backend({.path = scratch / "store", .create = LmdbOptions::Create::yes});
  if (!backend) throw std::runtime_error(backend.error().message);
  auto store = Store::open(std::move(*backend));
  if (!store) throw std::runtime_error(store.error().message);
  Say say;
  if (::isatty(2))
    say = [](const std::string& text) { std::fprintf(stderr, "\r%-40s", text.c_str()); };
  HistoryCheck check = check_history(repository, **store, scratch, fast_export, say);
  if (say) say("\r");
  return check;
}

}  // namespace

int main(int count, char** words) {
  std::filesystem::path scratch =
      std::filesystem::temp_directory_path() / ("ukstore-real-" + std::to_string(::getpid()));
  std::vector<std::string> fast_export = full_tree_export();
  if (count > 1 && std::string_view(words[1]) == "--plain") {
    fast_export.erase(fast_export.begin() + 1);
    ++words, --count;
  }
  int exit = count > 1 ? 0 : 2;
  if (exit == 2) std::fprintf(stderr, "usage: real_histories [--plain] REPOSITORY...\n");
  for (int i = 1; i < count; ++i) {
    try {
      HistoryCheck check = check_one(words[i], scratch, fast_export);
      print(words[i], check);
      if (!check.faults.empty()) exit = 1;
    } catch (const std::exception& failure) {
      std::printf("%s\n  FAULT: %s\n", words[i], failure.what());
      exit = 1;
    }
    std::fflush(stdout);
    std::error_code ignored;
    std::filesystem::remove_all(scratch, ignored);
  }
  return exit;
}
