#include <ukstore/merge/session.h>

namespace ukstore {
namespace {

Bytes private_name() { return "sessions/" + to_hex(random_replica_id()); }

}  // namespace

Result<MergeOutcome> Session::publish(MergeOptions options) {
  auto head = private_.head();
  if (!head) return pass_on(head);
  if (!*head) return MergeOutcome{};  // nothing was ever written
  return public_.merge(private_, std::move(options));
}

Result<MergeOutcome> Session::refresh(MergeOptions options) {
  auto head = public_.head();
  if (!head) return pass_on(head);
  if (!*head) return MergeOutcome{};
  return private_.merge(public_, std::move(options));
}

Result<std::string> Session::token() const {
  auto head = private_.head();
  if (!head) return pass_on(head);
  return *head ? to_hex((*head)->hash) : std::string();
}

Result<Session> Repo::session(BytesView public_branch) {
  Branch open = branch(public_branch), own = branch(private_name());
  auto head = open.head();
  if (!head) return pass_on(head);
  if (*head) {
    if (auto ok = own.move(std::nullopt, **head, "open a session"); !ok) return pass_on(ok);
  }
  return Session(std::move(own), std::move(open));
}

Result<Session> Repo::resume(std::string_view token, BytesView public_branch,
                             std::chrono::milliseconds timeout) {
  if (token.empty()) return session(public_branch);
  auto hash = hash_from_hex(token);
  if (!hash) return fail(Error::Kind::invalid, "a session's token is 64 hex digits");
  auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    auto seen = store_->last_sequence();
    if (!seen) return pass_on(seen);
    auto commit = store_->commit({*hash, {}});
    if (commit) {
      Session resumed(branch(private_name()), branch(public_branch));
      auto ok = resumed.private_.move(std::nullopt, commit->ref, "resume a session");
      if (!ok) return pass_on(ok);
      if (auto fresh = resumed.refresh(); !fresh) return pass_on(fresh);
      return resumed;
    }
    if (commit.error().kind != Error::Kind::not_found) return pass_on(commit);
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return fail(Error::Kind::not_found, "this repository does not hold commit " +
                                              std::string(token) + " yet: fetch it or wait longer");
    }
    if (auto grown = store_->wait(*seen, left); !grown) return pass_on(grown);
  }
}

}  // namespace ukstore
