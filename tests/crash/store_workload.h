#pragma once
// Commits on a whole store: a tree edited in two directories, two branches, a tag, the journal.

#include "workload.h"

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/store.h>

#include <map>
#include <vector>

namespace ukstore::tests {

class StoreWorkload : public Workload {
 public:
  void create(const std::filesystem::path& directory) override;
  std::optional<std::string> run(const std::filesystem::path& directory, uint64_t last,
                                 const Progress& progress) override;
  std::optional<std::string> verify(const std::filesystem::path& directory, uint64_t least,
                                    uint64_t most) override;

 protected:
  // One wrapper for planted bugs: what stands between the store and LMDB.
  virtual std::unique_ptr<Backend> wrap(std::unique_ptr<Backend> backend) { return backend; }

 private:
  using Model = std::map<Bytes, Bytes>;
  Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory,
                                      LmdbOptions::Create create);
  // The payloads by path after so many commits; made as asked for.
  const Model& model_after(uint64_t number);
  std::optional<std::string> compare(const Store& store, uint64_t number);

  std::vector<Model> models_;
  std::map<uint64_t, Hash> roots_;  // of the trees of those models
};

}  // namespace ukstore::tests
