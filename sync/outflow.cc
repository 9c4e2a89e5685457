#include <ukstore/sync/outflow.h>

#include <ranges>

namespace ukstore {
namespace {

// How many bytes of edits from a base are worth comparing with those from another.
constexpr size_t kCompareBytesMax = 1 << 20;
// The newest tips are enough to know what a receiver has.
constexpr size_t kHavesMax = 64;

}  // namespace

Outflow::Outflow(const Store& store, std::span<const Hash> haves)
    : store_(store), haves_(haves.begin(), haves.end()) {
  for (const Hash& have : haves) names_.add(have);
}

Result<void> Outflow::plan(const ObjectRef& head, std::span<const Hash> hidden) {
  assert(todo_.empty() && !open_);
  // A source sees what was there when it was made.
  auto commits = store_.commits();
  if (!commits) return pass_on(commits);
  commits_ = std::move(*commits);
  auto resolved = commits_->resolve(head);
  if (!resolved) return pass_on(resolved);
  LogOptions options;
  std::vector<Hash> hide = haves_;
  hide.insert(hide.end(), hidden.begin(), hidden.end());
  for (const Hash& have : hide) {
    auto known = commits_->resolve({have, {}});
    if (known) options.hide.push_back(*known);
    if (!known && known.error().kind != Error::Kind::not_found) return pass_on(known);
  }
  WalkBudget budget;
  auto log = Log::start(*commits_, std::span(&*resolved, 1), std::move(options), budget);
  if (!log) return pass_on(log);
  for (;;) {
    auto next = log->next();
    if (!next) return pass_on(next);
    if (!*next) break;
    todo_.push_back((*next)->ref);
  }
  head_ = *resolved;
  return {};
}

Result<Tree> Outflow::tree_of(const ObjectRef& commit) const {
  auto known = commits_->resolve(commit);
  if (!known) return pass_on(known);
  auto links = commits_->links(*known);
  if (!links) return pass_on(links);
  return commits_->tree(links->tree());
}

Result<Base> Outflow::choose_base(const Commit& commit, const Tree& after) const {
  if (commit.canonical_merge) return Base{Base::From::merge};
  if (commit.parents.empty()) return Base{Base::From::edits_of_empty};
  if (commit.parents.size() == 1) return Base{Base::From::edits_of_parent, 0};
  // The parent from which the edits are shortest; a long way is cut off.
  Base best{Base::From::edits_of_parent, 0};
  size_t shortest = SIZE_MAX;
  for (size_t i = 0; i < commit.parents.size() && i < 16; ++i) {
    auto before = tree_of(commit.parents[i]);
    if (!before) return pass_on(before);
    Bytes edits;
    auto more = EditWriter(*before, after).append(edits, std::min(shortest, kCompareBytesMax));
    if (!more) return pass_on(more);
    if (*more == More::yes || edits.size() >= shortest) continue;
    shortest = edits.size();
    best.parent = static_cast<uint16_t>(i);
  }
  return best;
}

Result<Tree> Outflow::base_tree(const Commit& commit, const Base& base) const {
  if (base.from == Base::From::edits_of_empty) return Tree(store_.objects());
  return tree_of(commit.parents.at(base.parent));
}

Result<void> Outflow::begin(const ObjectRef& ref) {
  auto stored = store_.commit(ref);
  if (!stored) return pass_on(stored);
  auto after = store_.tree(*stored);
  if (!after) return pass_on(after);
  auto base = choose_base(stored->commit, *after);
  if (!base) return pass_on(base);
  Open open{.hash = ref.hash};
  append_header(open.header, {stored->commit, *base}, names_);
  if (base->from == Base::From::edits_of_empty || base->from == Base::From::edits_of_parent) {
    auto before = base_tree(stored->commit, *base);
    if (!before) return pass_on(before);
    open.edits.emplace(*before, *after);
  }
  open_ = std::move(open);
  return {};
}

Result<More> Outflow::append(Bytes& to, size_t bytes_max) {
  const size_t end = to.size() + bytes_max;
  while (!todo_.empty() || open_) {
    if (!open_) {
      if (auto ok = begin(todo_.back()); !ok) return pass_on(ok);
      todo_.pop_back();
    }
    const bool begins = !open_->begun;
    Bytes body = std::move(open_->header);
    open_->header.clear();
    open_->begun = true;
    const size_t used = to.size() + body.size();
    Result<More> more = More::no;
    if (open_->edits) more = open_->edits->append(body, used < end ? end - used : 1);
    if (!more) return pass_on(more);
    const bool ends = *more == More::no;
    append_record(to, static_cast<RecordType>((begins ? 1 : 0) | (ends ? 2 : 0)), body);
    if (ends) {
      names_.add(open_->hash);
      open_.reset();
    }
    if (to.size() >= end) return More::yes;
  }
  if (!head_) return More::no;
  Bytes name;
  names_.append_name(name, head_->hash);
  append_record(to, RecordType::publish, name);
  if (haves_.size() >= kHavesMax) haves_.erase(haves_.begin());
  haves_.push_back(head_->hash);
  head_.reset();
  return More::no;
}

}  // namespace ukstore
