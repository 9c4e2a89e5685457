#pragma once
// What came of a merge, for all commands that merge.

#include <ukstore/images/ukstore/context.h>

namespace ukstore::cli {

// "merged", "fast-forward", "up-to-date", "refused".
std::string_view result_word(MergeOutcome::How how);
// The conflicts as they stand where a merge was made.
Json conflicts_of(Context& context, const MergeOutcome& outcome);

}  // namespace ukstore::cli
