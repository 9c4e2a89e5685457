// How what an intake has staged is kept, and lands.
#include <ukstore/merge/replay.h>
#include <ukstore/sync/intake.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr size_t kTipsMax = 1000;
constexpr size_t kWorthKeepingBytes = 16 << 10;
constexpr size_t kDraftsMax = 64;
constexpr size_t kDraftBytesMax = 1 << 20;

Bytes tips_key(BytesView tracking) { return "sync/staged/" + Bytes(tracking.substr(0, 200)); }

}  // namespace

// What a stream that breaks off has brought is kept; if that fails, it comes again.
Intake::~Intake() {
  if (broken_ || tips_.empty() || bytes_since_checkpoint_ < kWorthKeepingBytes) return;
  (void)checkpoint();
}

Result<std::vector<Hash>> staged_tips(const Store& store, BytesView tracking) {
  std::vector<Hash> tips;
  if (tracking.empty()) return tips;
  auto record = store.record(tips_key(tracking));
  if (!record) return pass_on(record);
  if (!*record) return tips;
  for (size_t at = 0; at + sizeof(Hash::bytes) <= (*record)->size(); at += sizeof(Hash::bytes)) {
    tips.push_back(Hash::load((*record)->data() + at));
  }
  return tips;
}

Result<void> Intake::relieve() {
  if (drafts_.size() > kDraftsMax || arena_->unwritten_bytes() > kDraftBytesMax) {
    drafted_ = false;
    drafts_.clear();
  }
  if (bytes_since_checkpoint_ >= options_.checkpoint_bytes) return checkpoint();
  if (arena_->unwritten_bytes() >= options_.unwritten_bytes_max) return write_staged();
  return {};
}

Result<void> Intake::checkpoint() {
  bytes_since_checkpoint_ = 0;
  if (auto ok = write_staged(); !ok) return ok;
  if (landing_.tracking.empty() || tips_.empty()) return {};
  Bytes names;
  for (const Hash& tip : tips_) {
    if (names.size() < kTipsMax * sizeof(Hash::bytes)) names += tip.view();
  }
  auto receipt = store_.transact(
      [&](Transaction& transaction) {
        return transaction.put_record(tips_key(landing_.tracking), names);
      },
      {.durability = Durability::durable});
  if (!receipt) return pass_on(receipt);
  return {};
}

Result<void> Intake::write_staged() {
  // The tree that edits go on from lies in the arena: it is read again from where it is written.
  std::optional<ObjectRef> going_on;
  if (open_ && open_->tree) going_on = open_->tree->root();
  drafts_.clear();
  drafted_ = false;
  if (open_) open_->tree.reset();
  if (auto ok = arena_->spill(); !ok) return pass_on(ok);
  arena_ = store_.new_spilling_arena();
  fresh_.clear();
  objects_.clear();
  if (going_on) {
    auto tree = Tree::load(store_.objects(), {going_on->hash, {}});
    if (!tree) return pass_on(tree);
    open_->tree = tree->in(arena_);
  }
  if (open_) {
    for (ObjectRef& parent : open_->header.commit.parents) {
      auto known = source_->resolve({parent.hash, {}});
      if (!known) return pass_on(known);
      parent = *known;
    }
  }
  return {};
}

// The commits of a small stream, made again in the transaction that lands them.
Result<void> Intake::remake(Transaction& transaction) const {
  for (const Draft& draft : drafts_) {
    const Commit& commit = draft.commit;
    CommitDraft again{.tree = draft.tree,
                      .canonical_merge = commit.canonical_merge,
                      .author = commit.author,
                      .committer = commit.committer,
                      .message = commit.message,
                      .headers = commit.headers};
    for (const ObjectRef& parent : commit.parents) again.parents.push_back({parent.hash, {}});
    auto made = transaction.make_commit(std::move(again));
    if (!made) return pass_on(made);
    assert(made->ref.hash == draft.hash);
  }
  return {};
}

Result<void> Intake::forget_staged(Transaction& transaction) const {
  if (landing_.tracking.empty()) return {};
  auto record = transaction.record(tips_key(landing_.tracking));
  if (!record) return pass_on(record);
  return *record ? transaction.erase_record(tips_key(landing_.tracking)) : Result<void>();
}

Result<Landed> Intake::land() {
  if (broken_) return std::unexpected(*broken_);
  if (!published_)
    return fail(Error::Kind::invalid, "a stream that has published nothing cannot land");
  if (!drafted_) {
    if (auto written = write_staged(); !written) return pass_on(written);
  }
  Landed landed{.head = {*published_, {}}, .commits = commits_};
  const Writers writers(random_replica_id, {});  // canonical merges mint nothing
  const MergeBudget budget;
  enum class Merging { yes, no } merging = landing_.merge_into ? Merging::yes : Merging::no;
  auto body = [&](Transaction& transaction) -> Result<void> {
    if (auto ok = remake(transaction); !ok) return ok;
    if (auto ok = forget_staged(transaction); !ok) return ok;
    const Head head{{*published_, {}}, ObjectKind::commit};
    if (!landing_.tracking.empty()) {
      auto now = transaction.head(RefKind::branch, landing_.tracking);
      if (!now) return pass_on(now);
      if (!*now || (*now)->ref != head.ref) {
        auto ok = transaction.compare_and_set(RefKind::branch, landing_.tracking, *now, head);
        if (!ok) return ok;
      }
    }
    if (merging == Merging::no) return {};
    if (auto ok = mark_shared(transaction, *landing_.merge_into); !ok) return ok;
    auto outcome = options_.merge
                       ? options_.merge(transaction, *landing_.merge_into, head.ref)
                       : MergeIntoBranch(transaction, types_, budget, writers, *landing_.merge_into)
                             .run(head.ref, {});
    if (!outcome) return pass_on(outcome);
    landed.merge = std::move(*outcome);
    return {};
  };
  const TransactOptions how{
      .note = landing_.note, .when_ms = landing_.when_ms, .durability = Durability::durable};
  auto receipt = store_.transact(body, how);
  if (!receipt && merging == Merging::yes &&
      (receipt.error().kind == Error::Kind::unsupported ||
       receipt.error().kind == Error::Kind::limit)) {
    landed.not_merged = receipt.error();
    merging = Merging::no;
    receipt = store_.transact(body, how);
  }
  if (!receipt) return pass_on(receipt);
  // What comes next begins anew.
  haves_.push_back(*published_);
  published_.reset();
  drafts_.clear();
  drafted_ = true;
  fresh_.clear();
  objects_.clear();
  tips_.clear();
  arena_ = store_.new_spilling_arena();
  commits_ = 0;
  return landed;
}

}  // namespace ukstore
