#include <ukstore/store/local_store.h>

#include <ukstore/store/local_view.h>
#include <ukstore/store/records.h>

namespace ukstore {

LocalStore::LocalStore(std::unique_ptr<Backend> backend, StoreOptions options)
    : backend_(std::move(backend)),
      objects_(*backend_),
      options_(std::move(options)),
      writer_(objects_, options_.lazy_bytes_max),
      queue_([this](std::span<Waiting* const> group) { writer_.run(group); }),
      // A failure is told to the next who writes.
      idle_flush_(options_.lazy_time_max, [this] { static_cast<void>(flush()); }) {}

LocalStore::~LocalStore() { static_cast<void>(close()); }

Result<void> LocalStore::check_open() const {
  if (closed_.load(std::memory_order_relaxed))
    return fail(Error::Kind::closed, "the store is closed");
  return {};
}

// ---- Reading.

Result<std::optional<Head>> LocalStore::head(RefKind kind, BytesView name) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return LocalView(objects_, writer_).head(kind, name);
}

Result<std::vector<std::pair<Bytes, Head>>> LocalStore::refs(RefKind kind) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  auto refs = LocalView(objects_, writer_).refs(kind);
  if (!refs) return pass_on(refs);
  return std::vector<std::pair<Bytes, Head>>(refs->begin(), refs->end());
}

Result<StoredCommit> LocalStore::commit(const ObjectRef& ref) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return LocalView(objects_, writer_).commit(ref);
}

Result<Tree> LocalStore::tree(const StoredCommit& commit) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return LocalView(objects_, writer_).tree(commit.commit.tree);
}

Result<Tree> LocalStore::branch_tree(BytesView branch) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  LocalView view(objects_, writer_);
  auto head = view.state().head(ref_key(RefKind::branch, branch));
  if (!head) return pass_on(head);
  return view.head_tree(*head);
}

Result<Tag> LocalStore::tag(const ObjectRef& ref) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return LocalView(objects_, writer_).tag(ref);
}

Result<std::optional<Bytes>> LocalStore::record(BytesView key) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return LocalView(objects_, writer_).record(record_key(kPrivatePrefix, key));
}

Result<std::unique_ptr<CommitSource>> LocalStore::commits() const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  return waiting_commits(objects_, writer_);
}

// ---- Writing.

Result<Receipt> LocalStore::submit(const Waiting::Step& step, const TransactOptions& options) {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  if (queue_.is_leading()) {
    return fail(Error::Kind::invalid, "a transaction was started within the function of another");
  }
  Waiting waiting;
  waiting.step = step ? &step : nullptr;
  waiting.options = &options;
  waiting.durability = options.durability.value_or(options_.durability);
  queue_.submit(waiting);
  if (waiting.thrown) std::rethrow_exception(waiting.thrown);
  if (waiting.result && waiting.durability == Durability::lazy) idle_flush_.expect();
  if (waiting.result) tell(*waiting.result);
  return std::move(waiting.result);
}

void LocalStore::tell(const Receipt& receipt) {
  if (receipt.sequence == 0) return;
  growth_.grew(receipt.sequence);
  watchers_.tell(receipt, [this](const std::optional<Head>& head) {
    return LocalView(objects_, writer_).head_tree(head);
  });
}

Result<Receipt> LocalStore::transact(const TransactionBody& body, TransactOptions options) {
  return submit([&body](OpenTransaction& transaction) { return body(transaction); }, options);
}

Result<Receipt> LocalStore::undo(TransactOptions options, const StepBack& step_back) {
  return submit([&](OpenTransaction& transaction) { return transaction.undo(step_back); }, options);
}

Result<Receipt> LocalStore::redo(TransactOptions options, const StepBack& step_back) {
  return submit([&](OpenTransaction& transaction) { return transaction.redo(step_back); }, options);
}

Result<void> LocalStore::flush() {
  auto done = submit(nullptr, {.durability = Durability::durable});
  if (!done) return pass_on(done);
  return {};
}

Result<void> LocalStore::close() {
  if (closed_) return {};
  idle_flush_.stop();
  auto flushed = flush();
  closed_ = true;
  return flushed;
}

std::shared_ptr<Arena> LocalStore::new_spilling_arena() {
  constexpr size_t kSpillBytes = size_t{4} << 20;
  auto arena = std::make_shared<Arena>();
  arena->set_spill(kSpillBytes, [this](Arena& full) { return objects_.spill(full); });
  return arena;
}

// ---- The journal.

Result<uint64_t> LocalStore::last_sequence() const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  auto end = LocalView(objects_, writer_).journal_end();
  if (!end) return pass_on(end);
  return end->sequence;
}

Result<std::vector<JournalEntry>> LocalStore::journal(uint64_t from, size_t limit,
                                                      Direction direction) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  std::vector<JournalEntry> entries;
  if (limit == 0) return entries;
  auto ok = LocalView(objects_, writer_).scan(from, direction, [&](const JournalRecord& record) {
    entries.push_back(record.entry);
    return entries.size() == limit ? Flow::stop : Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  return entries;
}

Result<std::vector<Ref>> LocalStore::heads_at(uint64_t sequence) const {
  if (auto ok = check_open(); !ok) return pass_on(ok);
  LocalView view(objects_, writer_);
  std::map<std::pair<RefKind, Bytes>, Head> heads;
  for (RefKind kind : {RefKind::branch, RefKind::tag}) {
    auto refs = view.refs(kind);
    if (!refs) return pass_on(refs);
    for (auto& [name, head] : *refs) heads.emplace(std::pair(kind, name), head);
  }
  uint64_t newest = 0;
  auto ok = view.scan(0, Direction::backward, [&](const JournalRecord& record) {
    newest = std::max(newest, record.entry.sequence);
    if (record.entry.sequence <= sequence) return Flow::stop;
    for (const RefChange& change : record.entry.changes) {
      auto key = std::pair(change.kind, change.name);
      if (change.before)
        heads.insert_or_assign(std::move(key), *change.before);
      else
        heads.erase(key);
    }
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  if (sequence > newest) {
    return fail(Error::Kind::not_found, "the journal has no entry " + std::to_string(sequence));
  }
  std::vector<Ref> refs;
  for (auto& [key, head] : heads) refs.push_back({key.first, key.second, head});
  return refs;
}

// ---- Watches.

Result<std::vector<WatchEvent>> LocalStore::changes(const WatchFilter& filter, uint64_t after,
                                                    size_t limit) const {
  std::vector<WatchEvent> events;
  while (events.size() < limit) {
    auto entries = journal(after + 1, std::min<size_t>(limit, 1000), Direction::forward);
    if (!entries) return pass_on(entries);
    if (entries->empty()) break;
    LocalView view(objects_, writer_);
    for (const JournalEntry& entry : *entries) {
      after = entry.sequence;
      auto found = events_of(filter, entry.sequence, entry.changes,
                             [&](const std::optional<Head>& head) { return view.head_tree(head); });
      if (!found) return pass_on(found);
      // The events of one entry come together, or their reader could not resume.
      if (!events.empty() && events.size() + found->size() > limit) return events;
      std::ranges::move(*found, std::back_inserter(events));
    }
  }
  return events;
}

Result<bool> LocalStore::wait(uint64_t after, std::chrono::milliseconds timeout) const {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + timeout;
  Growth::Interest interest(growth_);
  // Nobody tells of what other processes commit: look, at growing intervals.
  for (auto interval = std::chrono::milliseconds(2);;
       interval = std::min(2 * interval, std::chrono::milliseconds(200))) {
    auto last = last_sequence();
    if (!last) return pass_on(last);
    if (*last > after) return true;
    if (Clock::now() >= until) return false;
    interest.wait(after, std::min(until, Clock::now() + interval));
  }
}

uint64_t LocalStore::watch(WatchFilter filter, WatchCallback callback) {
  return watchers_.add(std::move(filter), std::move(callback));
}

}  // namespace ukstore
