// What an imported commit holds, made anew the long way: the canonical merge of its parents, and at
// every single path `set` and `remove` where git says otherwise.
#include "git/process.h"
#include "git/seeded_history.h"

#include <ukstore/merge/engine.h>
#include <ukstore/merge/exchange/git_history.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/merge/exchange/value_view.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/merge/tx.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace ukstore::tests {
namespace {

struct GitFileAt {
  Kind kind;
  Bytes content;
};

std::map<Bytes, GitFileAt> files_of(const std::filesystem::path& repository,
                                    const std::string& commit) {
  std::map<Bytes, GitFileAt> files;
  for (const std::string& line :
       lines_of(git_output(repository, {"ls-tree", "-rz", commit}), '\0')) {
    size_t tab = line.find('\t');
    auto fields = lines_of(line.substr(0, tab), ' ');  // mode, type, id
    Kind kind = *kind_of_mode(static_cast<uint32_t>(std::stoul(fields[0], nullptr, 8)));
    Bytes content =
        kind == Kind::gitlink ? fields[2] : git_output(repository, {"cat-file", "blob", fields[2]});
    files.emplace(line.substr(tab + 1), GitFileAt{kind, std::move(content)});
  }
  return files;
}

void paths_below(const State& state, const Bytes& path, std::vector<Bytes>& paths) {
  auto names = state.list(path);
  ASSERT_TRUE(names);
  for (const ListedName& listed : *names) {
    Bytes below = path.empty() ? listed.name : path + "/" + listed.name;
    paths.push_back(below);
    if (listed.has_entries_below) paths_below(state, below, paths);
  }
}

class GitState : public testing::Test {
 protected:
  Tree merge_of(const std::vector<ObjectRef>& parents) {
    StoreGraph graph(*commits_);
    CommitSet set;
    for (const ObjectRef& parent : parents) {
      GraphCommit commit = *graph.commit(parent);
      bool covered = false;
      for (const ObjectRef& other : parents) {
        if (other != parent) covered |= *graph.is_ancestor(commit, *graph.commit(other));
      }
      if (!covered) set.push_back(commit);
    }
    std::ranges::sort(set);
    TypeRegistry types;
    return *MergeEngine(graph, types).state_of(set, Tree(store_->objects()));
  }

  Tree long_way(const std::string& id, const StoredCommit& commit) {
    Tree merged = merge_of(commit.commit.parents);
    auto files = files_of(scratch_.path() / "source", id);
    Tx tx(State(merged), import_mint(commit.commit.generation, "git " + id));
    std::vector<Bytes> paths;
    paths_below(State(merged), {}, paths);
    for (const Bytes& path : paths) {
      if (files.contains(path)) continue;
      auto below = files.lower_bound(path + "/");
      bool is_directory = below != files.end() && below->first.starts_with(path + "/");
      if (is_directory) {
        tx.keep(path, {});
      } else {
        tx.remove(path);
      }
    }
    for (const auto& [path, file] : files) tx.set(path, file.content, file.kind);
    return tx.finish()->tree();
  }

  TemporaryDirectory scratch_{TemporaryDirectory::Where::in_memory};
  std::unique_ptr<Store> store_ = *Store::open(make_memory_backend());
  std::unique_ptr<CommitSource> commits_;
};

TEST_F(GitState, IsTheCanonicalMergeOfTheParentsPlusWhatGitSaysOtherwise) {
  auto source = scratch_.path() / "source";
  std::filesystem::create_directories(source);
  git_output(source, {"init", "-q", "--bare"});
  Bytes stream = stream_of({.seed = 11, .commits = count(25, 200)});
  Process import(git_command(source, {"fast-import", "--quiet"}), Process::Pipe::input);
  DescriptorSink sink(import.descriptor());
  ASSERT_TRUE(sink.write(stream));
  ASSERT_EQ(import.finish(), 0);

  BytesSink map;
  ViewSource bytes(stream);
  ASSERT_TRUE(import_git(*store_, bytes, {.map = &map}));
  commits_ = *store_->commits();
  size_t merges = 0;
  for (const std::string& line : lines_of(map.bytes())) {
    std::string id = line.substr(0, 40);
    if (git(source, {"cat-file", "-e", id + "^{commit}"}).exit != 0) continue;
    auto commit = *store_->commit({*hash_from_hex(line.substr(41)), {}});
    merges += commit.commit.parents.size() > 1;
    EXPECT_EQ(to_hex(long_way(id, commit).hash()), to_hex(store_->tree(commit)->hash())) << id;
  }
  EXPECT_GT(merges, 0u);
}

}  // namespace
}  // namespace ukstore::tests
