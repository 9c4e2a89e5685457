#pragma once
// Layers of changes that no Write holds yet, and the state that they make over the backend's
// records.
//
// A transaction collects its changes in a layer of its own; when its function has ended well the
// layer is absorbed by that of its group, and a group of lazy transactions by that of all that
// wait.  A reader looks through the layers from the newest down, then into a snapshot.

#include <ukstore/store/journal.h>
#include <ukstore/store/object_store.h>
#include <ukstore/store/refs.h>

#include <array>
#include <map>

namespace ukstore {

// A commit or tag that a transaction staged.
struct StagedName {
  ObjectRef ref;
  ObjectRef tree;  // of a commit
};

struct Changes {
  std::map<Bytes, std::optional<Head>, std::less<>> heads;     // by ref_key; nullopt: removed
  std::map<Bytes, std::optional<Bytes>, std::less<>> records;  // by the key of the record
  std::vector<JournalRecord> journal;                          // in order, without gaps
  std::vector<StagedName> staged;                              // oldest first
  std::shared_ptr<Arena> arena;                                // the newest; it keeps all before it
  size_t staged_bytes = 0;

  bool empty() const { return heads.empty() && records.empty() && journal.empty(); }
  // Takes over what was done after this.
  void absorb(Changes later);
};

// A snapshot of the backend that is opened when it is first needed.
class LazySnapshot {
 public:
  explicit LazySnapshot(const Backend& backend) : backend_(backend) {}
  Result<const Snapshot*> open();

 private:
  const Backend& backend_;
  std::unique_ptr<Snapshot> snapshot_;
};

// An object with a hint that is good.
struct Located {
  ObjectRef ref;
  ObjectView view;
};

class LayeredState {
 public:
  static constexpr size_t kLayersMax = 3;
  using Layers = std::array<const Changes*, kLayersMax>;  // newest first; null ones are skipped

  // All are borrowed.
  LayeredState(const ObjectStore& objects, LazySnapshot& base, Layers layers)
      : objects_(objects), base_(base), layers_(layers) {}

  const ObjectStore& objects() const { return objects_; }
  Result<std::optional<Head>> head(BytesView key) const;
  Result<std::optional<Bytes>> record(BytesView key) const;
  Result<JournalEnd> journal_end() const;
  Result<JournalRecord> journal_record(uint64_t sequence) const;

  // The object of that name, staged or stored.  A staged hint is not followed but searched for by
  // name, unless `Hints::ours` says that it was read from an object that these layers hold.
  enum class Hints { foreign, ours };
  Result<Located> locate(const ObjectRef& ref, Hints hints) const;
  // The same for the root of a commit's tree: its name and a good hint, none if it is stored.
  ObjectRef locate_tree(const ObjectRef& root) const;

  // The arena that keeps all that the layers have staged; null if they have none.
  std::shared_ptr<Arena> arena() const;

 private:
  const ObjectStore& objects_;
  LazySnapshot& base_;
  const Layers layers_;
};

}  // namespace ukstore
