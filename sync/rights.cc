#include <ukstore/sync/rights.h>

#include <ukstore/merge/types/set.h>
#include <ukstore/sync/identity.h>

#include <algorithm>
#include <array>

namespace ukstore {
namespace {

constexpr BytesView kGranted = "granted", kRevoked = "revoked";
constexpr std::array<std::string_view, 5> kNames = {"none", "read", "merge", "write", "admin"};

Bytes element(const Grant& grant) {
  return grant.fingerprint + " " + Bytes(name(grant.level)) + " " + grant.pattern;
}

// nullopt for what no version of this program writes: it grants nothing.
std::optional<Grant> grant_of(BytesView element) {
  const size_t first = element.find(' ');
  if (first == BytesView::npos) return std::nullopt;
  const size_t second = element.find(' ', first + 1);
  if (second == BytesView::npos) return std::nullopt;
  auto level = right_named(element.substr(first + 1, second - first - 1));
  if (!level) return std::nullopt;
  Grant grant{Bytes(element.substr(0, first)), *level, Bytes(element.substr(second + 1))};
  if (!check(grant)) return std::nullopt;
  return grant;
}

Result<std::vector<Grant>> grants_in(const State& state) {
  auto granted = state.at<Set<>>(kGranted).elements(),
       revoked = state.at<Set<>>(kRevoked).elements();
  if (!granted) return pass_on(granted);
  if (!revoked) return pass_on(revoked);
  std::vector<Grant> grants;
  for (const Bytes& each : *granted) {
    auto grant = grant_of(each);
    if (grant && !std::ranges::binary_search(*revoked, each)) grants.push_back(std::move(*grant));
  }
  std::ranges::sort(grants);
  return grants;
}

bool holds(const std::vector<Grant>& grants, const Grant& grant) {
  return std::ranges::binary_search(grants, grant);
}

// The right of a grant and all that include it.
std::vector<Grant> upwards(const Grant& from) {
  std::vector<Grant> grants;
  for (auto level = static_cast<uint8_t>(from.level); level < kNames.size(); ++level) {
    grants.push_back({from.fingerprint, static_cast<Right>(level), from.pattern});
  }
  return grants;
}

}  // namespace

std::string_view name(Right right) { return kNames.at(static_cast<size_t>(right)); }

std::optional<Right> right_named(BytesView name) {
  auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Right>(found - kNames.begin());
}

Result<void> check(const Grant& grant) {
  if (!is_fingerprint(grant.fingerprint)) {
    return fail(Error::Kind::invalid, "\"" + printable(grant.fingerprint) +
                                          "\" is no fingerprint: that is 64 lower-case hex digits");
  }
  if (grant.level == Right::none) return fail(Error::Kind::invalid, "there is no right named none");
  // What stands before the star is the beginning of a name: with a letter behind it, a name.
  BytesView pattern = grant.pattern;
  const bool star = pattern.ends_with('*');
  if (pattern == "*") return {};
  auto good =
      check_ref_name(star ? Bytes(pattern.substr(0, pattern.size() - 1)) + "x" : Bytes(pattern));
  if (good) return {};
  return fail(Error::Kind::invalid,
              "\"" + printable(pattern) + "\" is no pattern of branches: " + good.error().message);
}

bool matches(BytesView pattern, BytesView branch) {
  if (!pattern.ends_with('*')) return pattern == branch;
  BytesView begin = pattern.substr(0, pattern.size() - 1);
  for (BytesView kept : {BytesView("remotes/"), BytesView("ukstore/")}) {
    if (branch.starts_with(kept) && !begin.starts_with(kept)) return false;
  }
  return branch.starts_with(begin);
}

Result<std::shared_ptr<const std::vector<Grant>>> Rights::current() const {
  const Branch branch = repo_.branch(kRightsBranch);
  auto head = branch.head();
  if (!head) return pass_on(head);
  const std::optional<Hash> at = *head ? std::optional((*head)->hash) : std::nullopt;
  std::lock_guard lock(mutex_);
  if (grants_ && at == at_) return grants_;
  std::vector<Grant> grants;
  if (*head) {
    auto state = repo_.state_at(**head);
    if (!state) return pass_on(state);
    auto read = grants_in(*state);
    if (!read) return pass_on(read);
    grants = std::move(*read);
  }
  grants_ = std::make_shared<const std::vector<Grant>>(std::move(grants));
  at_ = at;
  return grants_;
}

Result<std::vector<Grant>> Rights::list() const {
  auto grants = current();
  if (!grants) return pass_on(grants);
  return **grants;
}

Result<bool> Rights::grant(const Grant& grant, CommitInfo info) {
  if (auto ok = check(grant); !ok) return pass_on(ok);
  bool is_new = false;
  auto committed = repo_.branch(kRightsBranch)
                       .transact(
                           [&](Tx& tx) {
                             tx.attempt([&]() -> Result<void> {
                               auto state = tx.state();
                               if (!state) return pass_on(state);
                               auto before = grants_in(*state);
                               if (!before) return pass_on(before);
                               is_new = !holds(*before, grant);
                               return {};
                             });
                             tx.at<Set<>>(kRevoked).erase(element(grant));
                             tx.at<Set<>>(kGranted).insert(element(grant));
                           },
                           std::move(info));
  if (!committed) return pass_on(committed);
  return is_new;
}

Result<bool> Rights::revoke(const Grant& grant, CommitInfo info) {
  if (auto ok = check(grant); !ok) return pass_on(ok);
  bool was_held = false;
  auto committed = repo_.branch(kRightsBranch)
                       .transact(
                           [&](Tx& tx) {
                             was_held = false;
                             tx.attempt([&]() -> Result<void> {
                               auto state = tx.state();
                               if (!state) return pass_on(state);
                               auto before = grants_in(*state);
                               if (!before) return pass_on(before);
                               for (const Grant& each : upwards(grant))
                                 was_held = was_held || holds(*before, each);
                               return {};
                             });
                             for (const Grant& each : upwards(grant)) {
                               tx.at<Set<>>(kGranted).erase(element(each));
                               tx.at<Set<>>(kRevoked).insert(element(each));
                             }
                           },
                           std::move(info));
  if (!committed) return pass_on(committed);
  return was_held;
}

Result<Right> Rights::of(BytesView fingerprint, BytesView branch) const {
  auto grants = current();
  if (!grants) return pass_on(grants);
  Right highest = Right::none;
  for (const Grant& grant : **grants) {
    if (grant.fingerprint == fingerprint && matches(grant.pattern, branch)) {
      highest = std::max(highest, grant.level);
    }
  }
  return highest;
}

Result<bool> Rights::knows(BytesView fingerprint) const {
  auto grants = current();
  if (!grants) return pass_on(grants);
  return std::ranges::any_of(**grants,
                             [&](const Grant& grant) { return grant.fingerprint == fingerprint; });
}

}  // namespace ukstore
