#include <ukstore/merge/exchange/git_edits.h>

#include <ukstore/merge/engine.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/store/diff.h>

#include <algorithm>
#include <map>

namespace ukstore {
namespace {

// Makes the edits of a tree whose state has no conflicts and is known, level by level.
class EditMaker {
 public:
  EditMaker(const Tree& tree, const GitContents& contents, DotMint mint)
      : empty_(Tree(tree.objects()).in(tree.arena())), contents_(contents), mint_(mint) {}

  Result<std::vector<Edit>> between(const GitDirectory& before, const GitDirectory& after);

 private:
  Result<void> removed(const GitEntry& entry, std::vector<Edit>& edits);
  Result<void> added(const GitEntry& entry, const GitDirectory& before, std::vector<Edit>& edits);
  Result<void> changed(const GitEntry& before, const GitEntry& after, std::vector<Edit>& edits);
  Result<Edit> file(const GitEntry& entry);
  Result<Edit> directory(std::string_view name, const GitDirectory& before,
                         const GitDirectory& after);

  const Tree empty_;
  const GitDirectory nothing_{{}};
  const GitContents& contents_;
  DotMint mint_;
};

Result<void> check_step(std::string_view step) {
  if (!step.empty() && step.size() <= kStepBytesMax && step.find('\0') == BytesView::npos) {
    return {};
  }
  return fail(Error::Kind::invalid,
              "\"" + printable(step) + "\" is no step of a path: 1 to 255 bytes without NUL");
}

Result<Payload> payload_of(const GitFile& file, const GitContents& contents) {
  if (file.mode != kGitLinkMode) return contents.payload(file.blob);
  Bytes hex = to_hex(file.id);
  return Payload{.form = PayloadForm::inlined, .inlined = hex, .size = hex.size()};
}

// What stands at a name on both sides becomes one edit: a file that became a directory was removed
// under one order of names and added under another.
void join(std::vector<Edit>& edits) {
  std::ranges::stable_sort(edits, {}, &Edit::key);
  size_t kept = 0;
  for (size_t next = 1; next < edits.size(); ++next) {
    if (edits[kept].key != edits[next].key) {
      if (++kept != next) edits[kept] = std::move(edits[next]);
      continue;
    }
    // A removal and an addition, in any order: the addition says all.
    bool later_adds = edits[next].payload == Edit::Part::set || edits[next].new_child;
    if (later_adds) edits[kept] = std::move(edits[next]);
  }
  if (!edits.empty()) edits.resize(kept + 1);
}

Result<std::vector<Edit>> EditMaker::between(const GitDirectory& before,
                                             const GitDirectory& after) {
  std::vector<Edit> edits;
  if (before.entries().empty()) edits.reserve(after.entries().size());
  auto b = before.entries().begin(), b_end = before.entries().end();
  auto a = after.entries().begin(), a_end = after.entries().end();
  while (b != b_end || a != a_end) {
    auto order = b == b_end   ? std::strong_ordering::greater
                 : a == a_end ? std::strong_ordering::less
                              : git_order(*b, *a);
    Result<void> ok;
    if (order < 0) {
      ok = removed(*b++, edits);
    } else if (order > 0) {
      ok = added(*a++, before, edits);
    } else {
      ok = changed(*b++, *a++, edits);
    }
    if (!ok) return pass_on(ok);
  }
  auto out_of_order = [](const Edit& x, const Edit& y) { return x.key >= y.key; };
  if (std::ranges::adjacent_find(edits, out_of_order) != edits.end()) join(edits);
  return edits;
}

Result<void> EditMaker::removed(const GitEntry& entry, std::vector<Edit>& edits) {
  edits.push_back(Edit::remove(Bytes(entry.name)));
  return {};
}

Result<void> EditMaker::added(const GitEntry& entry, const GitDirectory& before,
                              std::vector<Edit>& edits) {
  if (auto ok = check_step(entry.name); !ok) return ok;
  Result<Edit> edit =
      entry.is_directory() ? directory(entry.name, nothing_, *entry.directory) : file(entry);
  if (!edit) return pass_on(edit);
  bool replaces = entry.is_directory() ? before.file(entry.name) : before.directory(entry.name);
  // Large directories are built at once, so that their edits do not gather.
  bool is_large = edit->child_edits.size() >= 32;
  if ((replaces || is_large) && edit->child == Edit::Part::edit) {
    // What stood there goes with all that belonged to it.
    auto tree = empty_.apply(edit->child_edits);
    if (!tree) return pass_on(tree);
    edit->child = Edit::Part::set;
    edit->new_child = std::make_shared<const Tree>(std::move(*tree));
    edit->child_edits.clear();
    if (entry.is_directory()) edit->payload = Edit::Part::drop;
  }
  edits.push_back(std::move(*edit));
  return {};
}

Result<void> EditMaker::changed(const GitEntry& before, const GitEntry& after,
                                std::vector<Edit>& edits) {
  if (before.is_directory()) {
    if (before.directory == after.directory) return {};
    auto edit = directory(after.name, *before.directory, *after.directory);
    if (!edit) return pass_on(edit);
    if (!edit->child_edits.empty()) edits.push_back(std::move(*edit));
    return {};
  }
  if (before.file == after.file) return {};
  auto edit = file(after);
  if (!edit) return pass_on(edit);
  edits.push_back(std::move(*edit));
  return {};
}

Result<Edit> EditMaker::directory(std::string_view name, const GitDirectory& before,
                                  const GitDirectory& after) {
  auto below = between(before, after);
  if (!below) return pass_on(below);
  return Edit::inside(Bytes(name), std::move(*below));
}

// Sets the header, and what stands beside it.
Result<Edit> EditMaker::file(const GitEntry& entry) {
  auto payload = payload_of(entry.file, contents_);
  if (!payload) return pass_on(payload);
  Header header = encode_header({{mint_.mint(), *kind_of_mode(entry.file.mode), *payload}});
  Edit edit{.key = Bytes(entry.name),
            .payload = Edit::Part::set,
            .kind = header.stored_kind,
            .new_payload = std::move(header.bytes),
            .child = Edit::Part::drop};
  if (header.values.empty()) return edit;
  edit.child = Edit::Part::edit;
  edit.child_edits.push_back({.key = beside_key(0),
                              .payload = Edit::Part::set,
                              .kind = static_cast<uint8_t>(Kind::file),
                              .new_payload = std::move(header.values.front())});
  return edit;
}

// The paths of a state where something is written, from a difference of trees: what belongs to a
// position counts as the position.
Bytes position_of(BytesView path) {
  for (size_t start = 0; start < path.size();) {
    if (path[start] == '\0') return Bytes(path.substr(0, start == 0 ? 0 : start - 1));
    size_t slash = path.find('/', start);
    if (slash == BytesView::npos) break;
    start = slash + 1;
  }
  return Bytes(path);
}

}  // namespace

Result<Tree> edit_tree(const Tree& tree, const GitDirectory& before, const GitDirectory& after,
                       const GitContents& contents, DotMint mint) {
  auto edits = EditMaker(tree, contents, mint).between(before, after);
  if (!edits) return pass_on(edits);
  return tree.apply(*edits);
}

Result<Tree> merge_commits(const CommitSource& source, const ObjectStore& objects,
                           std::span<const GitCommit* const> parents,
                           std::shared_ptr<Arena> arena) {
  StoreGraph graph(source);
  CommitSet set;
  for (const GitCommit* parent : parents) {
    GraphCommit commit{parent->ref, parent->generation};
    bool covered = false;
    for (size_t i = 0; i < set.size() && !covered;) {
      auto below = graph.is_ancestor(set[i], commit);
      if (!below) return pass_on(below);
      if (*below) {
        set.erase(set.begin() + static_cast<ptrdiff_t>(i));
        continue;
      }
      auto above = graph.is_ancestor(commit, set[i]);
      if (!above) return pass_on(above);
      covered = *above;
      ++i;
    }
    if (!covered) set.push_back(commit);
  }
  std::ranges::sort(set);
  TypeRegistry no_types;
  MergeEngine engine(graph, no_types, {}, arena);
  if (set.size() == 2) return engine.merge(set[0], set[1]);
  auto tree = engine.state_of(set, Tree(objects).in(arena));
  if (!tree) return tree;
  return tree->in(arena);
}

Result<Tree> edit_merged(const MergedEdit& edit, const GitContents& contents, DotMint mint) {
  // The paths to look at, with what git has there.
  std::map<Bytes, const GitFile*, std::less<>> paths;
  auto ok =
      diff_paths(edit.shown, edit.merged,
                 [&](BytesView path, const std::optional<Entry>&, const std::optional<Entry>&) {
                   paths.emplace(position_of(path), nullptr);
                   return Flow::go_on;
                 });
  if (!ok) return pass_on(ok);
  ok = diff_files(edit.before, edit.after,
                  [&](std::string_view path, const GitFile*, const GitFile*) -> Result<void> {
                    paths.emplace(Bytes(path), nullptr);
                    return {};
                  });
  if (!ok) return pass_on(ok);
  Tx tx(State(edit.merged), mint);
  std::vector<std::pair<BytesView, const GitFile*>> sets;
  for (auto& [path, file] : paths) {
    const GitEntry* entry = find_path(edit.after, path);
    if (entry && !entry->is_directory()) {
      sets.emplace_back(path, &entry->file);
    } else if (!entry) {
      tx.remove(path);
    } else {
      tx.keep(path, {});  // a directory of git's: no file stands there, what is below stays
    }
  }
  for (auto& [path, file] : sets) {
    auto payload = payload_of(*file, contents);
    if (!payload) return pass_on(payload);
    tx.set(path, std::move(*payload), *kind_of_mode(file->mode));
  }
  auto state = tx.finish();
  if (!state) return pass_on(state);
  return state->tree();
}

}  // namespace ukstore
