#include <ukstore/images/ukstore/store_id.h>

#include <ukstore/images/ukstore/failure.h>
#include <ukstore/merge/replica.h>

namespace ukstore::cli {
namespace {

constexpr BytesView kRecord = "store/id";

}  // namespace

std::string make_store_id(Store& store) {
  const std::string id = to_hex(random_replica_id());
  must(store.transact([&](Transaction& tx) { return tx.put_record(kRecord, id); }),
       "cannot write the id of the store");
  return id;
}

std::string store_id(const Store& store) {
  return must(store.record(kRecord), "cannot read the id of the store").value_or("");
}

}  // namespace ukstore::cli
