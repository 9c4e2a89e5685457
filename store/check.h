#pragma once
// Is a store whole, what is broken, and what can be saved.
//
// The check goes through the segments in order, so it reads every object once, reachable or not, in
// memory that does not grow with the store (only where it finds damage does it walk the history,
// and then remembers 40 bytes an object).  It never trusts: lengths, checksums, the structure of
// each object, what holds between an object and those it names, the hints of side arrays, that the
// index finds each object and nothing else, heads, tags and the journal from its first entry to the
// heads.

#include <ukstore/store/backend.h>
#include <ukstore/store/store.h>

namespace ukstore {

struct CheckProgress {
  uint64_t segments_done = 0;
  uint64_t segments = 0;
  uint64_t objects = 0;
};

struct CheckOptions {
  enum class Depth {
    structure,  // all but the names
    deep,       // every object is hashed again, too
  } depth = Depth::structure;
  size_t problems_max = 1000;  // more are counted, not listed
  // Called now and then; `stop` ends the check with `limit`.
  std::function<Flow(const CheckProgress&)> progress{};
};

struct Problem {
  enum class Where { format, segment, object, hint, index, branch, tag, journal } where{};
  Bytes name;  // of the branch or tag, hash of the object, number of the segment or entry
  Bytes what;  // in words
  // For a branch: the newest ancestor that is whole, with all below it, or the newest such head
  // that the journal remembers; nullopt if there is none.
  std::optional<Head> rescue{};
};
std::string_view name(Problem::Where where);

struct CheckReport {
  std::vector<Problem> problems;
  uint64_t problem_count = 0;
  uint64_t segments = 0, objects = 0, object_bytes = 0, commits = 0, refs = 0, entries = 0;
  bool clean() const { return problem_count == 0; }
};

// Fails only if the backend itself cannot be read.  Nobody should write meanwhile.
Result<CheckReport> check_store(Backend& backend, const CheckOptions& options = {});

struct RepairOptions {
  enum class Index { keep, rebuild } index = Index::rebuild;
  // What becomes of a ref that leads to damage: it moves to its rescue, and goes away if there is
  // none.
  enum class Refs { keep, move_back } refs = Refs::keep;
  // A journal that cannot be read is started anew: undo, redo and the reflog are lost.
  enum class Journal { keep, start_anew } journal = Journal::keep;
  int64_t when_ms = 0;  // for the journal entry of moved refs
};

// Mends what the report of `check_store` found, as far as the options allow; returns the refs that
// it moved.  Data is never made up: objects that are damaged stay damaged, and only stop to be
// reachable.
Result<std::vector<RefChange>> repair_store(Backend& backend, const CheckReport& report,
                                            const RepairOptions& options);

}  // namespace ukstore
