#include "merge_check.h"

#include "process.h"

#include <ukstore/merge/changed_side.h>
#include <ukstore/merge/engine.h>
#include <ukstore/merge/exchange/git_id.h>
#include <ukstore/merge/exchange/git_tree.h>
#include <ukstore/merge/exchange/value_view.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/store/diff.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>

namespace ukstore::tests {
namespace {

// What a change leaves at a path: "100644 ID", or nothing.
using FileChanges = std::map<std::string, std::string>;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

class MergeCheck {
 public:
  MergeCheck(const std::filesystem::path& repository, Store& store, const std::string& map,
             HistoryCheck& check)
      : repository_(repository), store_(store), commits_(must(store.commits())), check_(check) {
    for (const std::string& line : lines_of(map)) {
      ours_.emplace(line.substr(0, 40), *hash_from_hex(line.substr(41)));
      theirs_.emplace(line.substr(41), line.substr(0, 40));
    }
  }

  void run() {
    auto merges =
        git_output(repository_, {"rev-list", "--merges", "--parents", "--branches", "--tags"});
    for (const std::string& line : lines_of(merges)) {
      std::vector<std::string> ids = lines_of(line, ' ');
      for (size_t i = 1; i < ids.size(); ++i) {
        for (size_t j = i + 1; j < ids.size(); ++j) compare_bases(ids[i], ids[j]);
      }
      if (ids.size() == 3) {
        compare_merge(ids[1], ids[2]);
      } else {
        ++check_.trees.octopus;
      }
    }
  }

 private:
  ObjectRef ours(const std::string& id) const {
    auto found = ours_.find(id);
    if (found == ours_.end()) throw std::runtime_error("the import's map lacks " + id);
    return {found->second, {}};
  }

  void compare_bases(const std::string& a, const std::string& b) {
    auto ran = git(repository_, {"merge-base", "--all", a, b});
    std::vector<std::string> listed = lines_of(ran.out);
    std::set<std::string> expected(listed.begin(), listed.end()), found;
    WalkBudget budget;
    for (const WalkedCommit& base : must(merge_bases(*commits_, ours(a), ours(b), budget))) {
      found.insert(theirs_.at(to_hex(base.ref.hash)));
    }
    bases_.insert_or_assign({a, b}, std::move(listed));
    ++check_.base_pairs;
    if (expected.size() > 1) ++check_.pairs_with_several;
    if (expected != found) check_.faults.push_back("merge bases of " + a + " and " + b);
  }

  FileChanges changes_by_git(const std::string& from, const std::string& to) {
    FileChanges changes;
    auto raw = lines_of(
        git_output(repository_, {"diff-tree", "-r", "-z", "--raw", "--no-renames", from, to}),
        '\0');
    for (size_t i = 0; i + 1 < raw.size(); i += 2) {
      // ":100644 100755 ID ID M"
      auto fields = lines_of(raw[i], ' ');
      bool gone = fields[4] == "D";
      changes[raw[i + 1]] = gone ? "" : fields[1] + " " + fields[3];
    }
    return changes;
  }

  std::string file_id(const Shown& shown) {
    static constexpr std::string_view kModes[] = {"100644", "100755", "120000", "160000"};
    std::string mode(kModes[static_cast<size_t>(shown.kind) - 1]);
    if (shown.kind == Kind::gitlink) return mode + " " + shown.stored->inlined;
    BytesSink content;
    if (auto ok = write_content(store_.objects(), shown, content); !ok) {
      throw std::runtime_error(ok.error().message);
    }
    return mode + " " + to_hex(hasher_.id("blob", content.bytes()));
  }

  // What our merges of two commits change beside the first of them.
  struct Merged {
    FileChanges canonical;
    FileChanges by_change;  // policy `changed`
  };
  Merged merge_by_us(const std::string& a, const std::string& b) {
    StoreGraph graph(*commits_);
    auto first = must(graph.commit(ours(a))), second = must(graph.commit(ours(b)));
    TypeRegistry types;
    MergeEngine engine(graph, types);
    Tree merged = must(engine.merge(first, second)), before = must(graph.tree(first));
    auto taken =
        must(ChangedSides(graph, types, {}, nullptr).between(first, second, engine.merged()));
    uint64_t generation = std::max(first.generation, second.generation) + 1;
    Tx tx(State(merged), import_mint(generation, "a merge by policy"));
    if (auto ok = take_sides(taken, State(merged), tx); !ok) {
      throw std::runtime_error(ok.error().message);
    }
    return {file_changes(before, merged), file_changes(before, must(tx.finish()).tree())};
  }

  FileChanges file_changes(const Tree& before, const Tree& merged) {
    std::set<Bytes> paths;
    auto ok = diff_paths(before, merged, [&](BytesView path, const auto&, const auto&) {
      size_t reserved = path.starts_with('\0') ? 0 : path.find(BytesView("/\0", 2));
      paths.emplace(path.substr(0, reserved));
      return Flow::go_on;
    });
    if (!ok) throw std::runtime_error(ok.error().message);
    FileChanges changes;
    State was(before), is(merged);
    for (const Bytes& path : paths) {
      auto old = must(shown_at(was, path)), now = must(shown_at(is, path));
      if (old == now) continue;
      changes[path] = now ? file_id(*now) : "";
    }
    return changes;
  }

  void compare_merge(const std::string& a, const std::string& b) {
    auto ran = git(repository_, {"merge-tree", "--write-tree", "--messages",
                                 "--allow-unrelated-histories", a, b});
    if (ran.exit == 1) {
      ++check_.trees.conflict;
      return;
    }
    if (ran.exit != 0) throw std::runtime_error("git merge-tree failed");
    std::string tree = ran.out.substr(0, 40);
    auto plain = git(repository_, {"-c", "merge.renames=false", "merge-tree", "--write-tree",
                                   "--allow-unrelated-histories", a, b});
    if (plain.exit != 0 || plain.out.substr(0, 40) != tree) {
      ++check_.trees.rename;
      return;
    }
    FileChanges expected = changes_by_git(a, tree);
    if (ran.out.find("Auto-merging ") != std::string::npos || merges_a_file(a, b)) {
      ++check_.trees.file_merged;
      return;
    }
    Merged merged = merge_by_us(a, b);
    const std::string which = "the merge of " + a + " and " + b;
    if (merged.by_change == expected) {
      ++check_.trees.equal_by_change;
    } else {
      check_.faults.push_back(which + " by policy changed" +
                              first_difference(merged.by_change, expected));
    }
    if (merged.canonical == expected) {
      ++check_.trees.equal;
    } else if (is_written_back(a, b, merged.canonical, expected)) {
      ++check_.trees.written_back;
    } else {
      check_.faults.push_back(which + first_difference(merged.canonical, expected));
    }
  }

  // Whether both sides changed a file, and not to the same: its content, or, which git merges apart
  // from it, its mode.
  bool merges_a_file(const std::string& a, const std::string& b) {
    return std::ranges::any_of(bases_.at({a, b}), [&](const std::string& base) {
      FileChanges ours = changes_by_git(base, a), theirs = changes_by_git(base, b);
      return std::ranges::any_of(ours, [&](const auto& change) {
        auto other = theirs.find(change.first);
        return other != theirs.end() && other->second != change.second;
      });
    });
  }

  // Whether all that differs are paths that one side has changed and then made what the base holds.
  bool is_written_back(const std::string& a, const std::string& b, const FileChanges& merged,
                       const FileChanges& expected) {
    const std::vector<std::string>& bases = bases_.at({a, b});
    if (bases.empty()) return false;
    std::set<std::string> differ;
    for (const auto& [path, file] : merged) {
      auto other = expected.find(path);
      if (other == expected.end() || other->second != file) differ.insert(path);
    }
    for (const auto& [path, file] : expected) {
      if (!merged.contains(path)) differ.insert(path);
    }
    return std::ranges::all_of(differ, [&](const std::string& path) {
      return std::ranges::any_of(bases, [&](const std::string& base) {
        return touched_and_restored(base, a, path) || touched_and_restored(base, b, path);
      });
    });
  }
  bool touched_and_restored(const std::string& base, const std::string& side,
                            const std::string& path) {
    if (changes_by_git(base, side).contains(path)) return false;
    auto touched =
        git_output(repository_, {"--literal-pathspecs", "log", "--format=%H", "-m",
                                 "--full-history", "-1", base + ".." + side, "--", path});
    return !touched.empty();
  }

  static std::string first_difference(const FileChanges& ours, const FileChanges& expected) {
    for (const auto& [path, file] : ours) {
      auto other = expected.find(path);
      if (other == expected.end() || other->second != file) {
        return " at " + path + ": ours " + file + ", git's " +
               (other == expected.end() ? "the first parent's" : other->second);
      }
    }
    for (const auto& [path, file] : expected) {
      if (!ours.contains(path)) return " at " + path + ": git's " + file;
    }
    return {};
  }

  const std::filesystem::path repository_;
  Store& store_;
  std::unique_ptr<CommitSource> commits_;
  HistoryCheck& check_;
  std::unordered_map<std::string, Hash> ours_;
  std::unordered_map<std::string, std::string> theirs_;
  // Those that git names, of pairs of parents.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> bases_;
  GitHasher hasher_;
};

}  // namespace

void check_merges(const std::filesystem::path& repository, Store& store, const std::string& map,
                  HistoryCheck& check) {
  MergeCheck(repository, store, map, check).run();
}

}  // namespace ukstore::tests
