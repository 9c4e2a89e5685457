#pragma once
// The merges of a history of git beside what the store makes of the same parents.

#include "history_check.h"

namespace ukstore::tests {

// `map` are the lines that an import wrote: "GIT-ID COMMIT".
void check_merges(const std::filesystem::path& repository, Store& store, const std::string& map,
                  HistoryCheck& check);

}  // namespace ukstore::tests
