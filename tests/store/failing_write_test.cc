// What a store does when the medium fails under it.

#include "stores.h"

namespace ukstore::tests {
namespace {

// Writes that fail from the n-th call on, counted over all of them.
struct Failing {
  int calls_left = INT32_MAX;
  bool next() { return calls_left-- <= 0; }
};

std::unexpected<Error> broken() { return fail(Error::Kind::io, "the medium broke"); }

class FailingWrite final : public Write {
 public:
  FailingWrite(std::unique_ptr<Write> under, Failing& failing)
      : under_(std::move(under)), failing_(failing) {}
  Result<std::optional<BytesView>> get(BytesView key) const override { return under_->get(key); }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    return under_->scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override { return under_->last_segment(); }
  Result<void> put(BytesView key, BytesView value) override {
    if (failing_.next()) return broken();
    return under_->put(key, value);
  }
  Result<void> erase(BytesView key) override { return under_->erase(key); }
  Result<Room> append_segment(size_t bytes) override {
    if (failing_.next()) return broken();
    return under_->append_segment(bytes);
  }
  Result<void> erase_segment(uint64_t segment) override { return under_->erase_segment(segment); }
  Result<void> commit(Durability durability) override {
    if (failing_.next()) return broken();
    return under_->commit(durability);
  }

 private:
  const std::unique_ptr<Write> under_;
  Failing& failing_;
};

class FailingBackend final : public Backend {
 public:
  FailingBackend(Backend& under, Failing& failing) : under_(under), failing_(failing) {}
  Result<std::unique_ptr<Snapshot>> snapshot() const override { return under_.snapshot(); }
  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    return under_.segment(number);
  }
  Result<std::unique_ptr<Write>> write() override {
    auto write = under_.write();
    if (!write) return write;
    return std::make_unique<FailingWrite>(std::move(*write), failing_);
  }
  Result<std::unique_ptr<WriterHold>> hold() override { return under_.hold(); }
  std::string_view name() const override { return "failing"; }
  uint64_t size_bytes() const override { return under_.size_bytes(); }

 private:
  Backend& under_;
  Failing& failing_;
};

class FailingWriteTest : public OnEveryBackend {
 protected:
  std::unique_ptr<Store> open(StoreOptions options = {}) {
    return must(Store::open(std::make_unique<FailingBackend>(*backend, failing), options));
  }
  static Result<Receipt> set(Store& store, BytesView path, BytesView value) {
    return store.transact([&](Transaction& transaction) -> Result<void> {
      auto head = must(transaction.head(RefKind::branch, "main"));
      CommitDraft draft{.tree = must(must(transaction.tree_of("main")).set(path, value))};
      if (head) draft.parents = {head->ref};
      auto commit = must(transaction.make_commit(std::move(draft)));
      return transaction.compare_and_set(RefKind::branch, "main", head, Head{commit.ref});
    });
  }
  static std::optional<Bytes> get(const Store& store, BytesView path) {
    return must(must(store.branch_tree("main")).get(path));
  }
  Failing failing;
};
INSTANTIATE_TEST_SUITE_P(Each, FailingWriteTest, each_backend, backend_name);

TEST_P(FailingWriteTest, AFailureAtAnyCallUndoesTheTransactionAndMakesTheStoreReadOnly) {
  int failures = 0;
  for (int calls = 0;; ++calls) {
    auto store = open();
    must(set(*store, "before", std::to_string(calls)));
    failing.calls_left = calls;
    auto failed = set(*store, "lost", "x");
    failing.calls_left = INT32_MAX;
    if (failed) break;
    ++failures;
    EXPECT_EQ(failed.error(), (Error{Error::Kind::io, "the medium broke"}));
    EXPECT_EQ(get(*store, "lost"), std::nullopt);
    EXPECT_EQ(get(*store, "before"), std::to_string(calls)) << "reading goes on";
    auto refused = set(*store, "more", "x");
    EXPECT_EQ(failure(refused), Error::Kind::read_only);
    EXPECT_NE(refused.error().message.find("the medium broke"), Bytes::npos);
    EXPECT_EQ(failure(store->flush()), Error::Kind::read_only);
    store.reset();
    auto again = open();
    EXPECT_EQ(get(*again, "lost"), std::nullopt);
    must(set(*again, "goes", "on"));
  }
  EXPECT_EQ(failures, 4) << "segment, head, journal, commit";
}

TEST_P(FailingWriteTest, WhatWaitedLazilyIsLostWithTheFlushThatFailed) {
  auto store = open({.durability = Durability::lazy});
  must(set(*store, "a", "1"));
  must(store->flush());
  must(set(*store, "b", "2"));
  must(set(*store, "c", "3"));
  failing.calls_left = 0;
  EXPECT_EQ(failure(store->flush()), Error::Kind::io);
  EXPECT_EQ(get(*store, "a"), "1");
  EXPECT_EQ(get(*store, "b"), std::nullopt);
  EXPECT_EQ(must(store->last_sequence()), 1u);
  EXPECT_EQ(failure(set(*store, "d", "4")), Error::Kind::read_only);
  EXPECT_EQ(failure(store->close()), Error::Kind::read_only);
}

}  // namespace
}  // namespace ukstore::tests
