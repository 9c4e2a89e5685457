#include <ukstore/merge/replica.h>

#include <ukstore/store/byte_reader.h>

#include <algorithm>
#include <random>

namespace ukstore {
namespace {

// The record of a branch: version (1), id (16), next number (8), incarnation.
constexpr uint8_t kRecordVersion = 1;

Bytes record_of(BytesView branch) { return branch_record("replica", branch); }

}  // namespace

Bytes branch_record(BytesView what, BytesView branch) {
  Bytes key(what);
  key.append("/").append(branch);
  // Names are up to 255 bytes and so are keys of records.
  if (key.size() > kPrivateKeyBytesMax) {
    key = Bytes(what) + "#" + to_hex(hash_object(ObjectKind::blob, branch));
  }
  return key;
}

ReplicaId random_replica_id() {
  std::random_device device;
  ReplicaId id;
  for (uint8_t& byte : id.bytes) byte = static_cast<uint8_t>(device());
  return id;
}

Result<DotMint> Writers::mint(Transaction& tx, BytesView branch, uint64_t generation) const {
  auto record = tx.record(record_of(branch));
  if (!record) return pass_on(record);
  if (*record) {
    ByteReader in(**record);
    uint8_t version = in.integer<uint8_t>();
    BytesView id = in.bytes(16);
    uint64_t next = in.integer<uint64_t>();
    BytesView incarnation = in.bytes(in.left());
    if (in.failed() || version != kRecordVersion) {
      return fail(Error::Kind::corrupt, "the replica record of branch " + printable(branch));
    }
    if (incarnation == incarnation_) {
      ReplicaId replica;
      std::ranges::copy(id, replica.bytes.begin());
      return DotMint(generation, replica, next);
    }
  }
  return DotMint(generation, new_id_(), 1);
}

Result<void> Writers::keep(Transaction& tx, BytesView branch, const DotMint& mint) const {
  Bytes record(1, static_cast<char>(kRecordVersion));
  record += mint.replica().view();
  append_le<uint64_t>(record, mint.next_number());
  record += incarnation_;
  return tx.put_record(record_of(branch), record);
}

Writers::Lease::Lease(Writers& writers, BytesView branch) : writers_(writers), branch_(branch) {
  std::lock_guard lock(writers_.mutex_);
  std::vector<Loose>& idle = writers_.idle_[branch_];
  if (idle.empty()) {
    loose_.id = writers_.new_id_();
    return;
  }
  loose_ = idle.back();
  idle.pop_back();
}

Writers::Lease::~Lease() {
  loose_.next += 1'000'000;
  std::lock_guard lock(writers_.mutex_);
  writers_.idle_[branch_].push_back(loose_);
}

}  // namespace ukstore
