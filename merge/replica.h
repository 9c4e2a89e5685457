#pragma once
// Who writes: the replica id of a branch of this store, and its running number.
//
// A replica id is a random 128-bit number.  It is kept in the store's private records, which never
// leave the store, and moves in the transaction that moves the head, so that a number is never used
// twice.  It is renewed
// - for each branch (a fork gets its own),
// - whenever the *incarnation* is another than the one that it was made for: what the caller knows
//   of the machine and the file, such as the boot id and the inode.  So neither a copied file nor a
//   cloned machine nor a restored backup mints a dot twice, and a thousand commands on one machine
//   share one id.
// Without an incarnation, and for a lazy writer, whose crash may forget numbers that others have
// seen, every opened repository has ids of its own.

#include <ukstore/merge/dot.h>
#include <ukstore/store/store.h>

#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace ukstore {

using NewReplicaId = std::function<ReplicaId()>;
// From the system's random numbers.
ReplicaId random_replica_id();

// The key of a private record about a branch.
Bytes branch_record(BytesView what, BytesView branch);

class Writers {
 public:
  Writers(NewReplicaId new_id, Bytes incarnation)
      : new_id_(std::move(new_id)), incarnation_(std::move(incarnation)) {}

  // The mint for a commit of this generation on a branch, in the transaction that makes it.
  Result<DotMint> mint(Transaction& tx, BytesView branch, uint64_t generation) const;
  // Remembers how far a mint has come.
  Result<void> keep(Transaction& tx, BytesView branch, const DotMint& mint) const;

 private:
  struct Loose {
    ReplicaId id;
    uint64_t next = 1;
  };

 public:
  // A replica id for a draft outside a transaction, never stored.  Whoever mints with an id must
  // have seen all that was minted with it (a counter folds the entries of its own id), so an id
  // serves one draft at a time: take it before the head is read, and let go of it when the draft
  // has landed.
  class Lease {
   public:
    Lease(Writers& writers, BytesView branch);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Once; numbers for a million dots.
    DotMint mint(uint64_t generation) const { return DotMint(generation, loose_.id, loose_.next); }

   private:
    Writers& writers_;
    Bytes branch_;
    Loose loose_;
  };

 private:
  const NewReplicaId new_id_;
  const Bytes incarnation_;
  std::mutex mutex_;
  std::map<Bytes, std::vector<Loose>, std::less<>> idle_;  // by branch
};

}  // namespace ukstore
