#pragma once
// Commits on a bare backend: segments, small and large records, erased and overwritten.

#include "workload.h"

#include <ukstore/store/backend.h>

#include <map>
#include <vector>

namespace ukstore::tests {

class BackendWorkload : public Workload {
 public:
  // Some commits are lazy.
  void create(const std::filesystem::path& directory) override;
  std::optional<std::string> run(const std::filesystem::path& directory, uint64_t last,
                                 const Progress& progress) override;
  std::optional<std::string> verify(const std::filesystem::path& directory, uint64_t least,
                                    uint64_t most) override;

 protected:
  // Writes commit `number`; a planted bug overrides it.
  virtual Result<void> commit(Backend& backend, uint64_t number, Durability durability);
  Result<void> put_segments(Write& write, uint64_t number);
  Result<void> put_records(Write& write, uint64_t number);

 private:
  std::optional<std::string> compare(const Backend& backend, uint64_t number);
  // The records after so many commits, and how many segments there are; made as asked for.
  struct State {
    std::map<Bytes, Bytes> records;
    size_t segments = 0;
  };
  const State& state_after(uint64_t number);

  std::vector<State> states_;
  std::vector<Bytes> segments_;
};

}  // namespace ukstore::tests
