#include <ukstore/merge/exchange/value_import.h>

#include <ukstore/merge/merge_commit.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr size_t kHashedBlockBytes = 1 << 20;

}  // namespace

ValueImport::ValueImport(Store& store, BytesView format)
    : store_(store), format_(format), arena_(store.new_spilling_arena()) {}

// The name of a stream of any length: the hash of each block and the name of what came before.
void ValueImport::saw(BytesView bytes) {
  seen_ += bytes.size();
  while (!bytes.empty()) {
    size_t taken = std::min(bytes.size(), kHashedBlockBytes - block_.size());
    block_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (block_.size() < kHashedBlockBytes) break;
    chain_ = hash_object(ObjectKind::blob, Bytes(chain_.view()) + block_);
    block_.clear();
  }
}

Result<void> ValueImport::add(Bytes path, BytesView bytes, Kind kind) {
  if (auto ok = check_path(path); !ok) return ok;
  if (bytes.size() > kBlobBytesMax) {
    auto value = start_long();
    if (auto ok = value->append(bytes); !ok) return ok;
    return add(std::move(path), *value, kind);
  }
  auto payload = make_payload(store_.objects(), arena_, bytes);
  if (!payload) return pass_on(payload);
  payload->arena = nullptr;
  values_.push_back({std::move(path), std::move(*payload), kind});
  return relieve();
}

std::unique_ptr<ValueImport::Long> ValueImport::start_long() {
  return std::unique_ptr<Long>(new Long(store_.objects(), store_.new_spilling_arena()));
}

Result<void> ValueImport::add(Bytes path, Long& value, Kind kind) {
  if (auto ok = check_path(path); !ok) return ok;
  auto payload = value.writer_.finish();
  if (!payload) return pass_on(payload);
  if (auto ok = value.arena_->spill(); !ok) return ok;
  if (payload->object.address.is_staged()) {
    payload->object.address = payload->object.address.staged()->written();
  }
  payload->arena = nullptr;
  values_.push_back({std::move(path), std::move(*payload), kind});
  return {};
}

Result<void> ValueImport::add_copy(Bytes path, BytesView of) {
  if (auto ok = check_path(path); !ok) return ok;
  auto found = std::ranges::find(values_.rbegin(), values_.rend(), of, &NewValue::path);
  if (found == values_.rend()) {
    return fail(Error::Kind::invalid, "\"" + printable(path) + "\" is a copy of \"" +
                                          printable(of) + "\", which did not come before it");
  }
  NewValue copy{std::move(path), found->payload, found->kind};
  values_.push_back(std::move(copy));
  return {};
}

Result<void> ValueImport::relieve() {
  constexpr size_t kStagedBytesMax = size_t{4} << 20;
  if (arena_->unwritten_bytes() < kStagedBytesMax) return {};
  if (auto ok = arena_->spill(); !ok) return ok;
  for (; settled_ < values_.size(); ++settled_) {
    Address& address = values_[settled_].payload.object.address;
    if (address.is_staged()) address = address.staged()->written();
  }
  arena_ = store_.new_spilling_arena();
  return {};
}

Result<ValueImportReport> ValueImport::commit(BytesView branch, const CommitInfo& info) {
  Hash stream = hash_object(ObjectKind::blob, Bytes(chain_.view()) + block_);
  ValueImportReport report{.committed = {}, .values = values_.size()};
  for (NewValue& value : values_) {
    if (value.payload.object.address.is_staged()) value.payload.arena = arena_;
  }
  auto body = [&](Transaction& transaction) -> Result<void> {
    auto committed = commit_on(transaction, branch, info, stream);
    if (!committed) return pass_on(committed);
    report.committed = *committed;
    return {};
  };
  auto receipt = store_.transact(body, journal_options(info));
  if (!receipt) return pass_on(receipt);
  return report;
}

// The dots are named for the commit that the values come to as well: on another one other values
// are new, and a dot must never mean two writes.
Result<Committed> ValueImport::commit_on(Transaction& transaction, BytesView branch,
                                         const CommitInfo& info, const Hash& stream) const {
  auto head = head_of(transaction, branch);
  if (!head) return pass_on(head);
  auto tree = transaction.tree_of(branch);
  if (!tree) return pass_on(tree);
  Bytes source = format_ + " " + to_hex(stream);
  if (*head) source += " on " + to_hex((*head)->ref.hash);
  Tx tx(State(*tree), import_mint(*head ? (*head)->generation + 1 : 1, source));
  for (const NewValue& value : values_) tx.set(value.path, value.payload, value.kind);
  auto state = tx.finish();
  if (!state) return pass_on(state);
  if (state->tree() == *tree) {
    return Committed{std::nullopt, *head ? (*head)->ref : ObjectRef{}};
  }
  auto commit = commit_state(transaction, *state, parents_of(*head), info);
  if (!commit) return pass_on(commit);
  if (auto ok = move_head(transaction, branch, *head, commit->ref); !ok) return pass_on(ok);
  return Committed{commit->ref, commit->ref};
}

Result<size_t> SeenSource::read(std::span<char> to) {
  auto taken = source_.read(to);
  if (!taken) return taken;
  import_.saw({to.data(), *taken});
  if (!progress_) return taken;
  auto go_on = progress_({.bytes = import_.bytes_seen(), .commits = 0, .values = import_.count()});
  if (go_on == GoOn::yes) return taken;
  return fail(Error::Kind::closed, "the import was broken off: nothing was imported");
}

}  // namespace ukstore
