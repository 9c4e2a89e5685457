#pragma once
// The lines at the left of `log --graph`: one column for each line of history that goes on.

#include <ukstore/store/commit.h>

#include <string>
#include <vector>

namespace ukstore::cli {

class GraphDrawing {
 public:
  // Commits come children before parents.  The first line stands beside the commit, the others
  // below it.
  std::vector<std::string> lines_for(const StoredCommit& commit);

 private:
  std::vector<Hash> columns_;  // the commit that each column waits for
};

}  // namespace ukstore::cli
