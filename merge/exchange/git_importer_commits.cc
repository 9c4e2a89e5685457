// Commits, tags and refs of an import.
#include <ukstore/merge/exchange/git_importer.h>

#include <ukstore/merge/exchange/git_text.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr BytesView kHeads = "refs/heads/", kTags = "refs/tags/";

struct RefName {
  RefKind kind;
  Bytes name;
};
RefName name_of(BytesView ref) {
  if (ref.starts_with(kTags)) return {RefKind::tag, Bytes(ref.substr(kTags.size()))};
  if (ref.starts_with(kHeads)) ref.remove_prefix(kHeads.size());
  return {RefKind::branch, Bytes(ref)};
}

// The distinct parents in the order of the store, and "1 0" if git's order is another.
struct SortedParents {
  std::vector<ObjectRef> refs;
  std::optional<Bytes> order;
};
SortedParents sorted(const GitHistory& history, const std::vector<uint32_t>& parents) {
  SortedParents made;
  for (uint32_t parent : parents) made.refs.push_back(history[parent].ref);
  std::ranges::sort(made.refs, {}, &ObjectRef::hash);
  auto same = std::ranges::unique(made.refs);
  made.refs.erase(same.begin(), same.end());
  Bytes order, natural;
  for (size_t i = 0; i < parents.size(); ++i) {
    auto at = std::ranges::find(made.refs, history[parents[i]].ref);
    order += (i ? " " : "") + std::to_string(at - made.refs.begin());
  }
  for (size_t i = 0; i < made.refs.size(); ++i) natural += (i ? " " : "") + std::to_string(i);
  if (order != natural) made.order = order;
  return made;
}

}  // namespace

Result<void> GitImporter::open_commit(fast_import::Commit commit) {
  for (Bytes* ident : {&commit.author, &commit.committer}) {
    auto normal = normal_ident(*ident);
    if (!normal) return stream_.refuse(normal.error().message);
    *ident = std::move(*normal);
  }
  Open open{.said = std::move(commit), .parents = {}, .before = empty_, .tree = empty_};
  auto branch = branches_.find(open.said.ref);
  bool has_first = false;
  if (open.said.from.form != Reference::Form::none) {
    auto first = commit_of(open.said.from);
    if (!first) return pass_on(first);
    open.parents.push_back(*first);
    has_first = true;
  } else if (branch != branches_.end() && branch->second) {
    open.parents.push_back(*branch->second);
    has_first = true;
  }
  for (const Reference& merge : open.said.merges) {
    auto parent = commit_of(merge);
    if (!parent) return pass_on(parent);
    open.parents.push_back(*parent);
  }
  if (!open.parents.empty()) {
    auto before = history_.tree(open.parents.front());
    if (!before) return pass_on(before);
    open.before = std::move(*before);
    // Without a first parent of its own the commit starts empty, whatever it merges.
    if (has_first) open.tree = open.before;
  }
  open_ = std::move(open);
  return {};
}

Result<void> GitImporter::close_commit() {
  if (!open_) return {};
  if (auto ok = flush_changes(); !ok) return ok;
  Open open = std::move(*open_);
  open_.reset();
  std::vector<GitId> parents;
  for (uint32_t parent : open.parents) parents.push_back(history_[parent].id);
  auto commit = stored_form(open);
  if (!commit) return pass_on(commit);
  GitId id = hasher_.id("commit",
                        git_commit_text(open.tree->id(hasher_), parents, open.said.author,
                                        open.said.committer, open.said.headers, open.said.message));
  auto tree = state_of(open, open.tree, import_mint(commit->generation, "git " + to_hex(id)));
  if (!tree) return pass_on(tree, "commit " + to_hex(id));
  commit->tree = tree->root();
  // A merge of merged bases stages its nodes in arenas of its own.
  arena_ = Arena::keeping(std::move(arena_), tree->arena());
  if (auto ok = check(*commit); !ok) return stream_.refuse(ok.error().message, ok.error().kind);
  auto jump = jump_for(history_.source(), commit->parents);
  if (!jump) return pass_on(jump, "jump");
  std::vector<Address> side{commit->tree.address};
  for (const ObjectRef& parent : commit->parents) side.push_back(parent.address);
  side.push_back(*jump);
  ObjectRef ref = arena_->add(ObjectKind::commit, encode(*commit), side);

  uint32_t number = history_.add({ref, commit->tree, commit->generation, id}, open.tree);
  if (commit->parents.size() > 1) ++report_.merges;
  branches_.insert_or_assign(open.said.ref, number);
  set_mark(open.said.mark, GitMarks::Of::commit, number);
  if (options_.map) {
    Bytes line = to_hex(open.said.original_id.value_or(id)) + " " + to_hex(ref.hash) + "\n";
    if (auto ok = options_.map->write(line); !ok) return ok;
  }
  if (auto ok = compare(open, id); !ok) return ok;
  paths_.release();
  return relieve();
}

// All of the commit but its tree.
Result<Commit> GitImporter::stored_form(const Open& open) {
  Commit commit;
  SortedParents parents = sorted(history_, open.parents);
  commit.parents = std::move(parents.refs);
  if (parents.order) commit.headers.emplace_back(kParentsHeader, *parents.order);
  for (uint32_t parent : open.parents) {
    commit.generation = std::max(commit.generation, history_[parent].generation + 1);
  }
  ReadIdent author = read_ident(open.said.author), committer = read_ident(open.said.committer);
  commit.author = std::move(author.signature);
  commit.committer = std::move(committer.signature);
  if (author.odd_date) commit.headers.emplace_back(kAuthorDateHeader, *author.odd_date);
  if (committer.odd_date) commit.headers.emplace_back(kCommitterDateHeader, *committer.odd_date);
  for (const fast_import::Header& header : open.said.headers) {
    commit.headers.emplace_back(header.name, header.value);
  }
  std::ranges::sort(commit.headers);
  commit.message = open.said.message;
  return commit;
}

Result<Tree> GitImporter::state_of(const Open& open, const GitTree& tree, DotMint mint) {
  auto state_of_commit = [&](uint32_t number) -> Result<Tree> {
    auto found = Tree::load(store_.objects(), history_[number].tree);
    if (!found) return found;
    return found->in(arena_);
  };
  std::vector<uint32_t> distinct = open.parents;
  std::ranges::sort(distinct);
  auto same = std::ranges::unique(distinct);
  distinct.erase(same.begin(), same.end());
  if (distinct.empty()) {
    return edit_tree(Tree(store_.objects()).in(arena_), *empty_, *tree, contents_, mint);
  }
  auto shown = state_of_commit(open.parents.front());
  if (!shown) return pass_on(shown, "shown");
  if (distinct.size() == 1) return edit_tree(*shown, *open.before, *tree, contents_, mint);
  std::vector<const GitCommit*> parents;
  for (uint32_t number : distinct) parents.push_back(&history_[number]);
  auto merged = merge_commits(history_.source(), store_.objects(), parents, arena_);
  if (!merged) return pass_on(merged, "merging");
  return edit_merged({*merged, *shown, *open.before, *tree}, contents_, mint);
}

// Notes a commit whose id is not the one that it had, and why.
Result<void> GitImporter::compare(const Open& open, const GitId& id) {
  if (!open.said.original_id || *open.said.original_id == id) return {};
  bool from_parent = std::ranges::any_of(
      open.parents, [&](uint32_t parent) { return original_ids_.contains(history_[parent].id); });
  original_ids_.emplace(id, *open.said.original_id);
  ++report_.difference_count;
  if (report_.differences.size() >= 1000) return {};
  bool has_encoding = std::ranges::any_of(
      open.said.headers, [](const fast_import::Header& h) { return h.name == "encoding"; });
  std::string cause = from_parent ? "parent" : has_encoding ? "encoding" : "gpgsig";
  report_.differences.push_back({*open.said.original_id, id, std::move(cause)});
  return {};
}

Result<void> GitImporter::take_tag(const fast_import::Tag& said) {
  Tag tag{.name = said.name, .message = said.message};
  Head target;
  auto tagged = said.from.form == Reference::Form::mark
                    ? marks_.find(said.from.mark, GitMarks::Of::tag)
                    : std::nullopt;
  if (tagged) {
    target = staged_tags_[*tagged];
  } else {
    auto commit = commit_of(said.from);
    if (!commit) return pass_on(commit);
    target = {history_[*commit].ref, ObjectKind::commit};
  }
  tag.target = target.ref;
  tag.target_kind = target.kind;
  if (!said.tagger.empty()) {
    auto tagger = normal_ident(said.tagger);
    if (!tagger) return stream_.refuse(tagger.error().message);
    ReadIdent read = read_ident(*tagger);
    tag.tagger = std::move(read.signature);
    if (read.odd_date) tag.headers.emplace_back(kTaggerDateHeader, *read.odd_date);
  }
  if (auto ok = check(tag); !ok) return stream_.refuse(ok.error().message, ok.error().kind);
  ObjectRef ref = arena_->add(ObjectKind::tag, encode(tag), std::span(&tag.target.address, 1));
  Head head{ref, ObjectKind::tag};
  tags_.insert_or_assign(said.name, head);
  set_mark(said.mark, GitMarks::Of::tag, static_cast<uint32_t>(staged_tags_.size()));
  staged_tags_.push_back(head);
  return relieve();
}

Result<void> GitImporter::take_reset(const fast_import::Reset& reset) {
  if (reset.from.form == Reference::Form::none ||
      (reset.from.form == Reference::Form::id && reset.from.id.is_null())) {
    branches_.insert_or_assign(reset.ref, std::nullopt);
    return {};
  }
  auto commit = commit_of(reset.from);
  if (!commit) return pass_on(commit);
  branches_.insert_or_assign(reset.ref, *commit);
  return {};
}

Result<void> GitImporter::move_refs() {
  std::map<std::pair<RefKind, Bytes>, Head> heads;
  for (const auto& [ref, commit] : branches_) {
    if (!commit) continue;
    RefName name = name_of(ref);
    heads[{name.kind, name.name}] = {history_[*commit].ref, ObjectKind::commit};
  }
  for (const auto& [name, head] : tags_) heads[{RefKind::tag, name}] = head;
  auto body = [&](Transaction& transaction) -> Result<void> {
    for (const auto& [ref, head] : heads) {
      auto now = transaction.head(ref.first, ref.second);
      if (!now) return pass_on(now);
      if (*now == head) continue;
      if (*now && options_.existing == ExistingRef::forward_only) {
        bool forward = (*now)->kind == ObjectKind::commit && head.kind == ObjectKind::commit &&
                       ref.first == RefKind::branch;
        if (forward) {
          WalkBudget budget;
          auto below = is_ancestor(transaction.commits(), (*now)->ref, head.ref, budget);
          if (!below) return pass_on(below);
          forward = *below;
        }
        if (!forward) {
          return fail(Error::Kind::moved,
                      std::string(ref.first == RefKind::tag ? "tag " : "branch ") +
                          printable(ref.second) +
                          " stands elsewhere, at no ancestor of what is imported");
        }
      }
      auto ok = transaction.compare_and_set(ref.first, ref.second, *now, head);
      if (!ok) return ok;
    }
    return {};
  };
  auto receipt = store_.transact(body, options_.transact);
  if (!receipt) return pass_on(receipt);
  report_.refs = std::move(receipt->changes);
  return {};
}

}  // namespace ukstore
