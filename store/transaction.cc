#include <ukstore/store/transaction.h>

#include <ukstore/store/records.h>
#include <ukstore/store/seal.h>
#include <ukstore/store/tree_access.h>

#include <algorithm>
#include <ranges>

namespace ukstore {
namespace {

using Hints = LayeredState::Hints;

Result<void> check_private_key(BytesView key) {
  if (!key.empty() && key.size() <= kPrivateKeyBytesMax) return {};
  return fail(Error::Kind::invalid, "the key of a private record is not 1 to 255 bytes long");
}

std::unexpected<Error> not_a_commit(const ObjectRef& ref) {
  return fail(Error::Kind::invalid, "object " + to_hex(ref.hash) + " is not a commit");
}

}  // namespace

OpenTransaction::OpenTransaction(const ObjectStore& objects, LazySnapshot& base,
                                 const Changes* group, const Changes* waiting)
    : state_(objects, base, {&own_, group, waiting}) {
  // What is staged here may name what waits, and lives as long.
  arena_->keep(state_.arena());
}

Result<std::optional<Head>> OpenTransaction::head(RefKind kind, BytesView name) const {
  return state_.head(ref_key(kind, name));
}

Result<StoredCommit> OpenTransaction::commit_at(const ObjectRef& ref) const {
  auto found = state_.locate(ref, Hints::foreign);
  if (!found) return pass_on(found);
  if (found->view.kind != ObjectKind::commit) return not_a_commit(ref);
  return decode_commit(ref.hash, found->ref.address, found->view);
}

Result<Tree> OpenTransaction::tree_at(const StoredCommit& commit) const {
  return tree(state_.locate_tree(commit.commit.tree));
}

Result<Tree> OpenTransaction::tree_of(BytesView branch) const {
  auto head = state_.head(ref_key(RefKind::branch, branch));
  if (!head) return pass_on(head);
  if (!*head) return Tree(objects()).in(arena_);
  auto at = links((*head)->ref);
  if (!at) return pass_on(at);
  return tree(at->tree());
}

Result<StoredCommit> OpenTransaction::make_commit(CommitDraft draft) {
  if (&draft.tree.objects() != &objects()) {
    return fail(Error::Kind::invalid, "the tree of a commit belongs to another store");
  }
  Commit commit;
  commit.tree = draft.tree.root();
  for (const ObjectRef& parent : draft.parents) {
    auto known = resolve(parent);
    if (!known) return pass_on(known, "a parent");
    commit.parents.push_back(*known);
  }
  std::ranges::sort(commit.parents, {}, &ObjectRef::hash);
  auto same = std::ranges::unique(commit.parents);
  commit.parents.erase(same.begin(), same.end());
  for (const ObjectRef& parent : commit.parents) {
    auto read = links(parent);
    if (!read) return pass_on(read);
    commit.generation = std::max(commit.generation, read->generation() + 1);
  }
  commit.canonical_merge = draft.canonical_merge;
  commit.author = std::move(draft.author);
  commit.committer = std::move(draft.committer);
  commit.message = std::move(draft.message);
  commit.headers = std::move(draft.headers);
  std::ranges::sort(commit.headers);
  if (auto ok = check(commit); !ok) return pass_on(ok);
  auto jump = jump_for(*this, commit.parents);
  if (!jump) return pass_on(jump);

  std::vector<Address> side;
  side.reserve(commit_side_count(commit.parents.size()));
  side.push_back(commit.tree.address);
  for (const ObjectRef& parent : commit.parents) side.push_back(parent.address);
  side.push_back(*jump);
  keep(TreeAccess::arena_or_null(draft.tree));
  ObjectRef ref = arena_->add(ObjectKind::commit, encode(commit), side);
  own_.arena = arena_;
  own_.staged.push_back({ref, commit.tree});
  return StoredCommit{ref, std::move(commit), *jump};
}

// What is staged from here on may name what is staged there.
void OpenTransaction::keep(const std::shared_ptr<Arena>& other) {
  if (!other || other == arena_) return;
  own_.staged_bytes += other->unwritten_bytes();
  auto both = Arena::keeping(arena_, other);
  if (both != arena_) own_.staged_bytes += arena_->unwritten_bytes();
  arena_ = std::move(both);
}

Result<ObjectRef> OpenTransaction::make_tag(const Tag& tag) {
  if (auto ok = check(tag); !ok) return pass_on(ok);
  auto target = state_.locate(tag.target, Hints::foreign);
  if (!target) return pass_on(target, "the target of a tag");
  if (target->view.kind != tag.target_kind) {
    return fail(Error::Kind::invalid, "the target of the tag is of another kind than it says");
  }
  ObjectRef ref = arena_->add(ObjectKind::tag, encode(tag), std::span(&target->ref.address, 1));
  own_.arena = arena_;
  own_.staged.push_back({ref, {}});
  return ref;
}

Result<std::optional<Head>> OpenTransaction::checked_target(RefKind kind,
                                                            const std::optional<Head>& next) const {
  if (!next) return next;
  if (kind == RefKind::branch && next->kind != ObjectKind::commit) {
    return fail(Error::Kind::invalid, "a branch points to a commit and nothing else");
  }
  auto found = state_.locate(next->ref, Hints::foreign);
  if (!found) return pass_on(found);
  if (found->view.kind != next->kind) {
    return fail(Error::Kind::invalid, "object " + to_hex(next->ref.hash) + " is of another kind");
  }
  return Head{found->ref, next->kind};
}

Result<void> OpenTransaction::compare_and_set(RefKind kind, BytesView name,
                                              const std::optional<Head>& expected,
                                              const std::optional<Head>& next) {
  if (auto ok = check_ref_name(name); !ok) return ok;
  Bytes key = ref_key(kind, name);
  auto now = state_.head(key);
  if (!now) return pass_on(now);
  if (*now != expected) {
    return fail(Error::Kind::moved, describe(kind, name) + " is at " + describe(*now) +
                                        ", not at " + describe(expected));
  }
  auto target = checked_target(kind, next);
  if (!target) return pass_on(target, "setting " + describe(kind, name));
  if (!own_.heads.contains(key)) changes_.push_back({kind, Bytes(name), std::move(*now), {}});
  own_.heads.insert_or_assign(std::move(key), *target);
  return {};
}

Result<std::optional<Bytes>> OpenTransaction::record(BytesView key) const {
  return state_.record(record_key(kPrivatePrefix, key));
}

Result<void> OpenTransaction::put_record(BytesView key, BytesView value) {
  if (auto ok = check_private_key(key); !ok) return ok;
  if (value.size() > kRecordValueBytesMax - kSealBytes) {
    return fail(Error::Kind::invalid, "a private record takes over 1 MiB");
  }
  own_.records.insert_or_assign(record_key(kPrivatePrefix, key), Bytes(value));
  return {};
}

Result<void> OpenTransaction::erase_record(BytesView key) {
  if (auto ok = check_private_key(key); !ok) return ok;
  own_.records.insert_or_assign(record_key(kPrivatePrefix, key), std::nullopt);
  return {};
}

// Takes back what an entry did to each ref.
Result<void> OpenTransaction::go_back_over(const JournalEntry& entry, const StepBack& step_back) {
  for (const RefChange& change : std::views::reverse(entry.changes)) {
    RefChange back{change.kind, change.name, change.after, change.before};
    auto ok = step_back ? step_back(*this, back)
                        : compare_and_set(back.kind, back.name, back.before, back.after);
    if (!ok) return ok;
  }
  return {};
}

Result<void> OpenTransaction::undo(const StepBack& step_back) {
  auto end = state_.journal_end();
  if (!end) return pass_on(end);
  if (end->undo_top == 0) return fail(Error::Kind::not_found, "there is nothing to undo");
  auto target = state_.journal_record(end->undo_top);
  if (!target) return pass_on(target);
  auto ok = go_back_over(target->entry, step_back);
  if (!ok) return pass_on(ok, "undoing entry " + std::to_string(end->undo_top));
  kind_ = JournalEntry::Kind::undo;
  stepped_over_ = std::move(*target);
  return {};
}

Result<void> OpenTransaction::redo(const StepBack& step_back) {
  auto end = state_.journal_end();
  if (!end) return pass_on(end);
  if (end->redo_top == 0) return fail(Error::Kind::not_found, "there is nothing to redo");
  auto undone = state_.journal_record(end->redo_top);
  if (!undone) return pass_on(undone);
  // What the undo did is taken back, which is what the entry did.
  auto ok = go_back_over(undone->entry, step_back);
  if (!ok) return pass_on(ok, "redoing entry " + std::to_string(undone->entry.target));
  kind_ = JournalEntry::Kind::redo;
  stepped_over_ = std::move(*undone);
  return {};
}

Result<Changes> OpenTransaction::finish(const TransactOptions& options) {
  JournalEntry entry{.when_ms = options.when_ms, .note = options.note};
  for (RefChange& change : changes_) {
    change.after = own_.heads.find(ref_key(change.kind, change.name))->second;
    if (change.after != change.before) entry.changes.push_back(std::move(change));
  }
  own_.staged_bytes += arena_->unwritten_bytes();
  if (entry.changes.empty()) {
    own_.heads.clear();
    return std::move(own_);
  }
  auto end = state_.journal_end();
  if (!end) return pass_on(end);
  JournalRecord record = kind_ == JournalEntry::Kind::change ? next_change(*end, std::move(entry))
                         : kind_ == JournalEntry::Kind::undo
                             ? next_undo(*end, std::move(entry), *stepped_over_)
                             : next_redo(*end, std::move(entry), *stepped_over_);
  if (auto ok = check_size(record); !ok) return pass_on(ok);
  own_.journal.push_back(std::move(record));
  return std::move(own_);
}

Result<ObjectRef> OpenTransaction::resolve(const ObjectRef& commit) const {
  auto found = state_.locate(commit, Hints::foreign);
  if (!found) return pass_on(found);
  if (found->view.kind != ObjectKind::commit) return not_a_commit(commit);
  return found->ref;
}

Result<CommitLinks> OpenTransaction::links(const ObjectRef& commit) const {
  auto view = objects().load(commit);
  if (!view) return pass_on(view);
  if (view->kind != ObjectKind::commit) return not_a_commit(commit);
  return CommitLinks(*view);
}

Result<std::optional<ObjectRef>> OpenTransaction::at(Address address) const {
  return commit_at_address(objects(), address);
}

Result<Tree> OpenTransaction::tree(const ObjectRef& root) const {
  auto loaded = Tree::load(objects(), root);
  if (!loaded) return loaded;
  return loaded->in(arena_);
}

}  // namespace ukstore
