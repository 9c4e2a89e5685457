#include <ukstore/store/group_commit.h>

#include <ukstore/store/records.h>
#include <ukstore/store/seal.h>
#include <ukstore/store/transaction.h>

#include <algorithm>
#include <new>

namespace ukstore {

GroupCommit::Reading GroupCommit::waiting() const {
  Reading reading;
  if (!something_waits_.load(std::memory_order_acquire)) return reading;
  reading.lock_ = std::shared_lock(mutex_);
  if (!waiting_.empty()) reading.changes_ = &waiting_;
  return reading;
}

void GroupCommit::run(std::span<Waiting* const> group) {
  // Who flushes nothing needs no right to write: closing a store waits for no other writer.
  const bool only_flushes = std::ranges::all_of(group, [](Waiting* each) { return !each->step; });
  if (only_flushes && !failure_ && !unsynced_ && waiting_.empty()) return;
  if (auto ok = ready(); !ok) {
    for (Waiting* each : group) each->result = pass_on(ok);
    return;
  }
  try {
    run_all(group);
  } catch (const std::bad_alloc&) {
    // Layers may be half absorbed: nothing that waits can be trusted.
    give_up({Error::Kind::limit, "memory is exhausted"}, group);
  }
}

void GroupCommit::run_all(std::span<Waiting* const> group) {
  bool durable = false;
  {
    LazySnapshot base(objects_.backend());
    for (Waiting* each : group) {
      if (each->step) run_one(*each, base);
      durable |= each->durability == Durability::durable && each->result;
    }
  }
  bool full = waiting_.staged_bytes + group_.staged_bytes > lazy_bytes_max_;
  if (durable || full) {
    settle(durable ? Durability::durable : Durability::lazy, group);
    return;
  }
  settle_results(group);
  if (!group_.empty()) {
    std::unique_lock lock(mutex_);
    waiting_.absorb(std::exchange(group_, {}));
    something_waits_.store(true, std::memory_order_release);
  }
  if (waiting_.empty()) hold_.reset();
}

// Takes the right to write, unless an earlier group left it here.
Result<void> GroupCommit::ready() {
  if (failure_) {
    return fail(Error::Kind::read_only, "the store is read-only since a write failed (" +
                                            failure_->message + "): open it again");
  }
  if (hold_) return {};
  auto hold = objects_.backend().hold();
  if (!hold) return pass_on(hold);
  hold_ = std::move(*hold);
  return {};
}

void GroupCommit::run_one(Waiting& each, LazySnapshot& base) {
  OpenTransaction transaction(objects_, base, &group_, &waiting_);
  Result<void> ok;
  try {
    ok = (*each.step)(transaction);
  } catch (...) {
    each.thrown = std::current_exception();
    ok = fail(Error::Kind::invalid, "the function of a transaction threw");
  }
  if (!ok) {
    each.result = pass_on(ok);
    return;
  }
  Result<Changes> changes = transaction.finish(*each.options);
  if (!changes) {
    each.result = pass_on(changes);
    return;
  }
  Receipt receipt;
  if (!changes->journal.empty()) {
    const JournalEntry& entry = changes->journal.back().entry;
    receipt = {entry.sequence, entry.changes};
  }
  each.result = std::move(receipt);
  group_.absorb(std::move(*changes));
}

// Hints that leave the store outlive the arenas.
void GroupCommit::settle_results(std::span<Waiting* const> group) {
  for (Waiting* each : group) {
    if (each->result) each->result->changes = settled(std::move(each->result->changes));
  }
}

void GroupCommit::settle(Durability durability, std::span<Waiting* const> group) {
  if (auto ok = write(durability); !ok) {
    give_up(ok.error(), group);
    return;
  }
  settle_results(group);
  unsynced_ = durability == Durability::lazy;
  drop_all();
}

// Drops all that waited.  The arenas go last, outside the lock.
void GroupCommit::drop_all() {
  Changes waited;
  {
    std::unique_lock lock(mutex_);
    std::swap(waited, waiting_);
    something_waits_.store(false, std::memory_order_release);
  }
  group_ = {};
  hold_.reset();
}

void GroupCommit::give_up(const Error& error, std::span<Waiting* const> group) {
  failure_ = error;
  for (Waiting* each : group) {
    if (each->result) each->result = std::unexpected(error);
  }
  drop_all();
}

Result<void> GroupCommit::write(Durability durability) {
  bool nothing = waiting_.empty() && group_.empty();
  if (nothing && !unsynced_) return {};
  auto write = objects_.backend().write();
  if (!write) return pass_on(write);
  // A transaction that changes nothing would not reach the disk.
  auto ok = nothing ? (*write)->put(record_key(kFormatPrefix), format_record()) : put_all(**write);
  if (!ok) return ok;
  return (*write)->commit(durability);
}

Result<void> GroupCommit::put_all(Write& write) const {
  std::vector<Address> roots;
  for (const Changes* layer : {&waiting_, &group_}) {
    for (const JournalRecord& record : layer->journal) {
      for (const RefChange& change : record.entry.changes) {
        if (change.after && change.after->ref.address.is_staged()) {
          roots.push_back(change.after->ref.address);
        }
      }
    }
  }
  if (auto ok = objects_.persist(write, roots); !ok) return ok;
  if (auto ok = objects_.index(write); !ok) return ok;
  for (const Changes* layer : {&waiting_, &group_}) {
    for (const auto& [key, head] : layer->heads) {
      auto ok = head ? write.put(key, encode_head(key, *head)) : write.erase(key);
      if (!ok) return ok;
    }
    for (const auto& [key, value] : layer->records) {
      auto ok = value ? write.put(key, seal(key, *value)) : write.erase(key);
      if (!ok) return ok;
    }
    for (const JournalRecord& record : layer->journal) {
      if (auto ok = put_journal(write, record); !ok) return ok;
    }
  }
  return {};
}

}  // namespace ukstore
