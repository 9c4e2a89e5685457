#include <ukstore/tests/merge/git_bases.h>

#include <ukstore/merge/store_graph.h>
#include <ukstore/store/memory_backend.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <sstream>

namespace ukstore::tests {
namespace {

struct GitCommit {
  std::string id;
  std::vector<std::string> parents;
};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// All commits, parents first.
std::optional<std::vector<GitCommit>> commits_of(const std::string& git) {
  auto listed = output_of(git + " rev-list --all --topo-order --reverse --parents");
  if (!listed) return std::nullopt;
  std::vector<GitCommit> commits;
  std::istringstream lines(*listed);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> words = words_of(line);
    commits.push_back({words.front(), {words.begin() + 1, words.end()}});
  }
  return commits;
}

}  // namespace

std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return std::nullopt;
  std::string text;
  char buffer[4096];
  while (size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

Result<BasesCompared> compare_bases(const std::string& git_directory, size_t pairs, uint64_t seed) {
  std::string git = "git --git-dir='" + git_directory + "'";
  auto commits = commits_of(git);
  if (!commits) return fail(Error::Kind::not_found, "git reads nothing in " + git_directory);
  auto store = Store::open(make_memory_backend(), {.durability = Durability::lazy});
  if (!store) return pass_on(store);
  std::map<std::string, ObjectRef> ours;
  std::map<Hash, std::string> named;
  auto body = [&](Transaction& transaction) -> Result<void> {
    for (const GitCommit& commit : *commits) {
      std::vector<ObjectRef> parents;
      for (const std::string& parent : commit.parents) {
        // Beyond a shallow clone's edge there is nothing.
        if (ours.contains(parent)) parents.push_back(ours[parent]);
      }
      auto made = transaction.make_commit(
          {.tree = Tree(transaction.objects()), .parents = parents, .message = commit.id});
      if (!made) return pass_on(made);
      ours[commit.id] = made->ref;
      named[made->ref.hash] = commit.id;
      auto ok = transaction.compare_and_set(RefKind::branch, commit.id, std::nullopt,
                                            Head{made->ref, ObjectKind::commit});
      if (!ok) return ok;
    }
    return {};
  };
  if (auto receipt = (*store)->transact(body); !receipt) return pass_on(receipt);
  auto source = (*store)->commits();
  if (!source) return pass_on(source);
  BasesCompared compared{.commits = commits->size()};
  if (commits->empty()) return compared;
  std::vector<std::pair<std::string, std::string>> asked;
  std::mt19937_64 random(seed);
  auto any = [&] { return (*commits)[random() % commits->size()].id; };
  for (size_t i = 0; i < pairs; ++i) asked.emplace_back(any(), any());
  for (const GitCommit& commit : *commits) {
    if (commit.parents.size() < 2 || asked.size() >= 2 * pairs) continue;
    asked.emplace_back(commit.parents[0], commit.parents.back());
  }
  for (const auto& [a, b] : asked) {
    // Exit code 1 says that there is none.
    auto theirs = output_of(git + " merge-base --all " + a + " " + b + " || test $? = 1");
    if (!theirs) return fail(Error::Kind::io, "git merge-base of " + a + " and " + b + " failed");
    WalkBudget budget;
    auto found = merge_bases(**source, {ours[a].hash, {}}, {ours[b].hash, {}}, budget);
    if (!found) return pass_on(found);
    std::vector<std::string> mine, wanted = words_of(*theirs);
    for (const WalkedCommit& base : *found) mine.push_back(named[base.ref.hash]);
    std::ranges::sort(mine);
    std::ranges::sort(wanted);
    ++compared.pairs;
    compared.with_several_bases += wanted.size() > 1;
    if (mine != wanted) compared.differences.push_back(a + " " + b);
  }
  return compared;
}

}  // namespace ukstore::tests
