#pragma once
// What one may ask of a merge, and what comes back.

#include <ukstore/merge/tx.h>
#include <ukstore/store/store.h>

#include <functional>
#include <map>

namespace ukstore {

// What a commit says beside its contents.
struct CommitInfo {
  Bytes message{};
  std::optional<Signature> author{};
  std::optional<Signature> committer{};
  Bytes note{};                            // for the journal
  int64_t when_ms = 0;                     // for the journal; nothing depends on it
  std::optional<Durability> durability{};  // else the store's
};

// What to do where writers disagree.
enum class Policy {
  keep_both,  // keep all as a conflict value: the canonical merge, which never fails
  ours,       // drop what theirs wrote there
  theirs,     // drop what ours wrote there
  changed,    // where one side holds what the base holds, take the other's change, a removal too
              // (changed_side.h); keep all of what still disagrees
  fail,       // change nothing and say where (MergeOutcome::conflicts)
};

// A path where the merge leaves several values, and the transaction to settle it in.
struct Conflict {
  Bytes path;
  std::optional<Value> ours;
  std::optional<Value> theirs;
  Value merged;
};
using ResolveConflict = std::function<void(const Conflict&, Tx&)>;

enum class Explain { no, yes };
// A dry run says what a merge would do and does nothing.
enum class Run { real, dry };

// Without options a merge is canonical: two replicas that merge the same heads make the same
// commit.  Any policy but `keep_both`, a resolution, a message or an author makes an ordinary
// commit with two parents.
struct MergeOptions {
  Policy policy = Policy::keep_both;
  ResolveConflict resolve{};            // called for each conflict, in order
  std::map<Bytes, Bytes> resolution{};  // files to set in the merge commit
  CommitInfo info{};
  Explain explain = Explain::no;
  Run run = Run::real;

  bool is_canonical() const {
    return policy == Policy::keep_both && !resolve && resolution.empty() && info.message.empty() &&
           !info.author && !info.committer;
  }
};

// How a position that both sides had changed was merged, in words.
struct Explanation {
  Bytes path;
  std::string rule;
  std::string base;
  std::string ours;
  std::string theirs;
  std::string result;
};

struct MergeOutcome {
  enum class How {
    unchanged,     // ours held it all
    fast_forward,  // theirs held it all: their head is taken
    merged,        // a merge commit was made, or found made before
    refused,       // policy `fail` and there are conflicts: nothing changed
  } how = How::unchanged;
  ObjectRef head;                // of our branch afterwards (after a dry run: now)
  std::vector<Bytes> conflicts;  // paths that this merge left, or would leave, with several values
  std::vector<Explanation> explanations;  // if asked for
};

// What stands at a path, in a line: "file \"milk\"", "counter 5", "set of 3", "nothing".
Result<std::string> describe(const State& state, BytesView path, std::optional<Kind> kind);

}  // namespace ukstore
