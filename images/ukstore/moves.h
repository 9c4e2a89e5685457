#pragma once
// What an endless command tells: every move of a branch, whoever makes it.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/libos/kj/task.h>
#include <ukstore/sync/head_signal.h>

namespace ukstore::cli {

// Prints a line, or an object {"event":"moved","branch","head"}, for each move of a branch from now
// on, until cancelled.  All outlive it.
libos_kj::Task<void> print_moves(Context& context, Store& store, HeadSignal& signal);

// {"event",...} under --json, else a note.
void tell(Context& context, const Json& event, const std::string& note);

}  // namespace ukstore::cli
