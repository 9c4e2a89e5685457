#pragma once
// The making of runs, in steps of bounded size.

#include <ukstore/store/index_run.h>

namespace ukstore {

// Puts the sorted entries as the last pieces of `run`, which is then longer.
Result<void> append_to_run(Write& write, IndexRun& run, std::span<const IndexEntry> entries);

// Begins, goes on with or cleans up after a merge of `fanout` runs of a tier, if there is one to
// do.
enum class Worked { no, yes };
Result<Worked> merge_step(Write& write, IndexManifest& manifest, size_t fanout);

}  // namespace ukstore
