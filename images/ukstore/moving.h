#pragma once
// Values of one path written anew at another, by new dots: the move of `mv`.

#include <ukstore/images/ukstore/types.h>

namespace ukstore::cli {

// Throws a Failure if nothing is at `from`, if one path is within the other, if something is at
// `to`, or if what would be moved holds a conflict or a value that only operations can make.
void check_move(const State& state, const Bytes& from, const Bytes& to);
// Moves them; `state` is what the transaction holds.
void move_values(Tx& tx, const State& state, const Bytes& from, const Bytes& to);

}  // namespace ukstore::cli
