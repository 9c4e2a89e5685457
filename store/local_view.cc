#include <ukstore/store/local_view.h>

#include <ukstore/store/records.h>

namespace ukstore {
namespace {

using Hints = LayeredState::Hints;

// A tree whose root may be staged: it then keeps the arena.
Result<Tree> load_tree(const ObjectStore& objects, const ObjectRef& root,
                       std::shared_ptr<Arena> keep) {
  auto tree = Tree::load(objects, root);
  if (!tree || !root.address.is_staged()) return tree;
  auto arena = std::make_shared<Arena>();
  arena->keep(std::move(keep));
  return tree->in(std::move(arena));
}

Result<Located> locate(const LayeredState& state, const ObjectRef& ref, ObjectKind kind) {
  auto found = state.locate(ref, Hints::foreign);
  if (found && found->view.kind != kind) {
    return fail(Error::Kind::invalid,
                "object " + to_hex(ref.hash) +
                    (kind == ObjectKind::commit ? " is not a commit" : " is not a tag"));
  }
  return found;
}

class WaitingCommits final : public CommitSource {
 public:
  WaitingCommits(const ObjectStore& objects, const GroupCommit& writer)
      : objects_(objects), writer_(writer) {}

  Result<ObjectRef> resolve(const ObjectRef& commit) const override {
    LocalView view(objects_, writer_);
    auto found = locate(view.state(), commit, ObjectKind::commit);
    if (!found) return pass_on(found);
    if (found->ref.address.is_staged()) {
      keep_ = Arena::keeping(std::move(keep_), view.state().arena());
    }
    return found->ref;
  }
  Result<CommitLinks> links(const ObjectRef& commit) const override {
    auto view = objects_.load(commit);
    if (!view) return pass_on(view);
    return CommitLinks(*view);
  }
  Result<std::optional<ObjectRef>> at(Address address) const override {
    return commit_at_address(objects_, address);
  }
  Result<Tree> tree(const ObjectRef& root) const override {
    return load_tree(objects_, root, keep_);
  }

 private:
  const ObjectStore& objects_;
  const GroupCommit& writer_;
  // Keeps the arenas of the waiting commits that were met.
  mutable std::shared_ptr<Arena> keep_ = std::make_shared<Arena>();
};

}  // namespace

std::unique_ptr<CommitSource> waiting_commits(const ObjectStore& objects,
                                              const GroupCommit& writer) {
  return std::make_unique<WaitingCommits>(objects, writer);
}

LocalView::LocalView(const ObjectStore& objects, const GroupCommit& writer)
    : objects_(objects),
      waiting_(writer.waiting()),
      base_(objects.backend()),
      state_(objects, base_, {waiting_.changes(), nullptr, nullptr}) {}

Result<std::optional<Head>> LocalView::head(RefKind kind, BytesView name) {
  auto head = state_.head(ref_key(kind, name));
  if (!head) return head;
  return unstaged(*head);
}

Result<std::map<Bytes, Head>> LocalView::refs(RefKind kind) {
  auto base = base_.open();
  if (!base) return pass_on(base);
  const Bytes prefix(1, static_cast<char>(kind));
  std::map<Bytes, Head> refs;
  Result<void> good;
  auto ok = (*base)->scan(prefix, {}, Direction::forward, [&](BytesView key, BytesView value) {
    auto head = decode_head(key, value);
    if (!head) good = pass_on(head);
    if (!head) return Flow::stop;
    refs.emplace_hint(refs.end(), key.substr(1), *head);
    return Flow::go_on;
  });
  if (!ok || !good) return pass_on(ok ? good : ok);
  if (const Changes* waiting = waiting_.changes()) {
    for (const auto& [key, head] : waiting->heads) {
      if (!key.starts_with(prefix)) continue;
      if (head) refs.insert_or_assign(key.substr(1), *unstaged(head));
      if (!head) refs.erase(key.substr(1));
    }
  }
  return refs;
}

Result<StoredCommit> LocalView::commit(const ObjectRef& ref) {
  auto found = locate(state_, ref, ObjectKind::commit);
  if (!found) return pass_on(found);
  auto commit = decode_commit(ref.hash, found->ref.address, found->view);
  if (!commit || !found->ref.address.is_staged()) return commit;
  commit->ref = unstaged(commit->ref);
  commit->commit.tree = unstaged(commit->commit.tree);
  for (ObjectRef& parent : commit->commit.parents) parent = unstaged(parent);
  commit->jump = unstaged({{}, commit->jump}).address;
  return commit;
}

Result<Tag> LocalView::tag(const ObjectRef& ref) {
  auto found = locate(state_, ref, ObjectKind::tag);
  if (!found) return pass_on(found);
  auto tag = decode_tag(found->view);
  if (tag) tag->target = unstaged(tag->target);
  return tag;
}

Result<Tree> LocalView::tree(const ObjectRef& root) {
  return load_tree(objects_, state_.locate_tree(root), state_.arena());
}

Result<Tree> LocalView::head_tree(const std::optional<Head>& head) {
  if (!head || head->kind != ObjectKind::commit) return Tree(objects_);
  auto found = state_.locate(head->ref, Hints::foreign);
  if (!found) return pass_on(found);
  return load_tree(objects_, CommitLinks(found->view).tree(), state_.arena());
}

Result<void> LocalView::scan(uint64_t from, Direction direction, const JournalVisitor& visit) {
  auto base = base_.open();
  if (!base) return pass_on(base);
  const Changes* waiting = waiting_.changes();
  // What waits may be on the backend already: its commit is seen a moment before it stops to wait.
  uint64_t first_waiting =
      waiting && !waiting->journal.empty() ? waiting->journal.front().entry.sequence : UINT64_MAX;
  bool stopped = false;
  auto visit_unstaged = [&](JournalRecord record) {
    record.entry.changes = unstaged(std::move(record.entry.changes));
    stopped = visit(record) == Flow::stop;
  };
  if (direction == Direction::backward) {
    for (size_t i = waiting ? waiting->journal.size() : 0; i-- > 0 && !stopped;) {
      const JournalRecord& record = waiting->journal[i];
      if (from == 0 || record.entry.sequence <= from) visit_unstaged(record);
    }
    if (stopped || first_waiting == 1) return {};
    uint64_t below = from == 0 ? first_waiting - 1 : std::min(from, first_waiting - 1);
    return scan_journal(**base, below, direction, visit);
  }
  auto ok = scan_journal(**base, from, direction, [&](const JournalRecord& record) {
    if (record.entry.sequence >= first_waiting) return Flow::stop;
    Flow flow = visit(record);
    stopped = flow == Flow::stop;
    return flow;
  });
  if (!ok || !waiting) return ok;
  for (size_t i = 0; i < waiting->journal.size() && !stopped; ++i) {
    if (waiting->journal[i].entry.sequence >= from) visit_unstaged(waiting->journal[i]);
  }
  return {};
}

}  // namespace ukstore
