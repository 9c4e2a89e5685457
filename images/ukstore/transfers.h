#pragma once
// Branches over a contact: what comes, what goes, and how it is told.

#include <ukstore/images/ukstore/contact.h>
#include <ukstore/sync/transfer.h>

namespace ukstore::cli {

struct RemoteBranch {
  Bytes name;
  Hash head;
  uint64_t generation = 0;
};

// The branches of the peer that this store may read, but for those by which it tracks others.
std::vector<RemoteBranch> branches_of(Contact& contact);
// One of them; throws not_found with the nearest if there is none of that name.
RemoteBranch find_branch(const Contact& contact, const std::vector<RemoteBranch>& branches,
                         const Bytes& name);

enum class Into { tracking_alone, branch };

struct Received {
  RemoteBranch branch;
  Bytes remote;
  Pulled pulled;
  uint64_t bytes = 0;
  // Commits of an earlier transfer that broke off were here already.
  bool resumed = false;

  bool leaves_conflicts() const {
    return pulled.landed && pulled.landed->merge && !pulled.landed->merge->conflicts.empty();
  }
};
// Brings what the peer's branch has; keeps its head under remotes/, and merges it into ours.
Received receive(Dialler& dialler, Contact& contact, const RemoteBranch& branch, Into into);

struct Sent {
  Bytes branch;
  Bytes remote;
  std::optional<Hash> there{};  // the peer's head afterwards; none if it had it all
  uint64_t commits = 0;
  uint64_t bytes = 0;
};
// Sends what the peer lacks of a branch of ours, which must be there.
Sent send(Dialler& dialler, Contact& contact, const Bytes& branch);

// Lines, or JSON objects:
// {"branch","remote","result","commit","commits","bytes","resumed","conflicts":[]}.
void print_received(Context& context, const Received& received, Into into);
void print_sent(Context& context, const Sent& sent, const std::optional<Hash>& ours);
// "1 commit", "3 commits".
std::string commits_text(uint64_t commits);

}  // namespace ukstore::cli
