#pragma once
// How a replay changes typed values, kind by kind (replay.h has the table).

#include <ukstore/merge/replay.h>

namespace ukstore {

// One typed value on its way through a replay.
struct ReplayedValue {
  const State& before;
  const State& after;
  const State& ours;
  BytesView path;
  Kind kind{};
  const TypeRegistry& types;
  Again again = Again::refused;
  Policy policy = Policy::keep_both;
};

// Makes the change of the value from `before` to `after`, in both of which it may be absent, on
// ours; Kept::ours where ours had changed too and the kind cannot show both.
enum class Kept { no, ours };
Result<Kept> replay_value(const ReplayedValue& value, Tx& tx);

// Whether the values look the same in two states.
Result<bool> looks_equal(const State& a, const State& b, BytesView path, Kind kind);

}  // namespace ukstore
