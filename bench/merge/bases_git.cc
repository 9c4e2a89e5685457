// The same by libgit2, its objects in memory.
#include <ukstore/bench/merge/bases.h>

#include <benchmark/benchmark.h>
#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/repository.h>

#include <stdexcept>
#include <string>

namespace ukstore::bench {
namespace {

void must(int code) {
  if (code >= 0) return;
  const git_error* error = git_error_last();
  throw std::runtime_error(error ? error->message : "libgit2 failed");
}

void merge_base_libgit2(benchmark::State& state) {
  must(git_libgit2_init());
  git_odb* objects = nullptr;
  git_odb_backend* memory = nullptr;
  git_repository* repository = nullptr;
  must(git_odb_new(&objects));
  must(git_mempack_new(&memory));
  must(git_odb_add_backend(objects, memory, 1));
  must(git_repository_wrap_odb(&repository, objects));
  git_treebuilder* builder = nullptr;
  git_oid tree;
  must(git_treebuilder_new(&builder, repository, nullptr));
  must(git_treebuilder_write(&tree, builder));
  std::vector<git_oid> names;
  for (const auto& parents : seeded_history()) {
    std::string text = "tree " + std::string(git_oid_tostr_s(&tree)) + "\n";
    for (uint32_t parent : parents) {
      text += "parent " + std::string(git_oid_tostr_s(&names[parent])) + "\n";
    }
    // Git walks by date: each commit a second after the one before.
    std::string who = " A <a@example.com> " + std::to_string(1'000'000 + names.size()) + " +0000\n";
    text += "author" + who + "committer" + who + "\n" + std::to_string(names.size()) + "\n";
    git_oid name;
    must(git_odb_write(&name, objects, text.data(), text.size(), GIT_OBJECT_COMMIT));
    names.push_back(name);
  }
  auto pairs = seeded_pairs();
  uint64_t bases = 0;
  for (auto _ : state) {
    bases = 0;
    for (auto [a, b] : pairs) {
      git_oidarray found{};
      int code = git_merge_bases(&found, repository, &names[a], &names[b]);
      if (code == GIT_ENOTFOUND) continue;
      must(code);
      bases += found.count;
      git_oidarray_dispose(&found);
    }
  }
  state.counters["bases"] = static_cast<double>(bases);
  git_treebuilder_free(builder);
  git_repository_free(repository);
  git_odb_free(objects);
}
BENCHMARK(merge_base_libgit2)->Name("merge_base_git/peer")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ukstore::bench
