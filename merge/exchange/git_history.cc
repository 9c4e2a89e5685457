#include <ukstore/merge/exchange/git_history.h>

#include <ukstore/merge/layout.h>

#include <algorithm>
#include <cassert>

namespace ukstore {

std::optional<uint32_t> mode_of(Kind kind) {
  switch (kind) {
    case Kind::file:
      return 0100644;
    case Kind::executable:
      return 0100755;
    case Kind::symlink:
      return 0120000;
    case Kind::gitlink:
      return kGitLinkMode;
    default:
      return std::nullopt;
  }
}

std::optional<Kind> kind_of_mode(uint32_t mode) {
  for (Kind kind : {Kind::file, Kind::executable, Kind::symlink, Kind::gitlink}) {
    if (mode_of(kind) == mode) return kind;
  }
  return std::nullopt;
}

Result<ObjectRef> StagedCommits::resolve(const ObjectRef& commit) const {
  if (commit.address) return commit;
  auto staged = staged_.find(commit.hash);
  return staged == staged_.end() ? commit : staged->second;
}

Result<CommitLinks> StagedCommits::links(const ObjectRef& commit) const {
  auto view = objects_.load(commit);
  if (!view) return pass_on(view);
  if (view->kind == ObjectKind::commit) return CommitLinks(*view);
  return fail(Error::Kind::corrupt, "object " + to_hex(commit.hash) + " is not a commit");
}

Result<std::optional<ObjectRef>> StagedCommits::at(Address address) const {
  if (address.is_staged()) return ObjectRef{address.staged()->hash(), address};
  return commit_at_address(objects_, address);
}

uint32_t GitHistory::add(const GitCommit& commit, GitTree tree) {
  uint32_t number = static_cast<uint32_t>(commits_.size());
  commits_.push_back(commit);
  source_.add(commit.ref);
  by_id_.emplace(commit.id, number);
  remember(number, std::move(tree));
  return number;
}

std::optional<uint32_t> GitHistory::find(const GitId& id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

void GitHistory::remember(uint32_t number, GitTree tree) {
  kept_.push_front({number, std::move(tree)});
  places_[number] = kept_.begin();
  while (kept_.size() > 1 && GitDirectory::bytes_alive() > tree_bytes_max_) {
    places_.erase(kept_.back().number);
    kept_.pop_back();
  }
}

Result<GitTree> GitHistory::tree(uint32_t number) {
  auto known = places_.find(number);
  if (known != places_.end()) {
    kept_.splice(kept_.begin(), kept_, known->second);
    return known->second->tree;
  }
  auto stored = Tree::load(objects_, commits_[number].tree);
  if (!stored) return pass_on(stored);
  auto tree = read_back(*stored);
  if (!tree) return tree;
  remember(number, *tree);
  return tree;
}

Result<GitTree> GitHistory::read_back(const Tree& tree) {
  std::vector<GitEntry> entries;
  Result<void> result;
  auto read = [&](BytesView key, const Entry& entry) -> Result<void> {
    auto live = read_live(tree, entry);
    if (!live) return pass_on(live);
    if (live->empty()) {
      auto child = tree.child(entry);
      if (!child) return pass_on(child);
      auto below = read_back(*child);
      if (!below) return pass_on(below);
      entries.push_back({names_.keep(key), {.mode = kGitDirectoryMode}, std::move(*below)});
      return {};
    }
    GitFile file{.mode = mode_of(live->front().kind).value_or(0)};
    if (file.mode == kGitLinkMode) {
      file.id = git_id_from_hex(live->front().value.inlined).value_or(GitId());
    } else {
      auto content = contents_.find(live->front().value);
      assert(content);  // all that the import wrote came through there
      file.blob = *content;
      file.id = contents_.id(*content);
    }
    entries.push_back({names_.keep(key), file, nullptr});
    return {};
  };
  auto ok = tree.scan(kFirstStep, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    result = read(key, entry);
    return result ? Flow::go_on : Flow::stop;
  });
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  std::ranges::sort(entries,
                    [](const GitEntry& a, const GitEntry& b) { return git_order(a, b) < 0; });
  return std::make_shared<const GitDirectory>(std::move(entries));
}

void GitHistory::settle() {
  auto settled = [](ObjectRef& ref) {
    if (ref.address.is_staged()) ref.address = ref.address.staged()->written();
  };
  for (; settled_ < commits_.size(); ++settled_) {
    settled(commits_[settled_].ref);
    settled(commits_[settled_].tree);
  }
  source_.settle();
}

}  // namespace ukstore
