#pragma once
// Where two states differ, path by path: what a commit changed.

#include <ukstore/merge/state.h>

namespace ukstore {

struct ChangedPosition {
  Bytes path;
  Live before;              // what was live at the path itself
  Live after;               // what is
  std::vector<Kind> kinds;  // of typed values that were or are there and may differ
};

// The positions whose live entries or typed values differ, in order; costs what differs.
Result<std::vector<ChangedPosition>> changed_positions(const State& before, const State& after);

}  // namespace ukstore
