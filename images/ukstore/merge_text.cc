#include <ukstore/images/ukstore/merge_text.h>

#include <ukstore/images/ukstore/entry.h>

namespace ukstore::cli {

std::string_view result_word(MergeOutcome::How how) {
  switch (how) {
    case MergeOutcome::How::unchanged:
      return "up-to-date";
    case MergeOutcome::How::fast_forward:
      return "fast-forward";
    case MergeOutcome::How::merged:
      return "merged";
    case MergeOutcome::How::refused:
      return "refused";
  }
  return "";
}

Json conflicts_of(Context& context, const MergeOutcome& outcome) {
  Json conflicts = Json::array();
  if (outcome.conflicts.empty()) return conflicts;
  const State state =
      must(context.repo(Access::write).state_at(outcome.head), "cannot read the merge");
  for (const Bytes& path : outcome.conflicts) {
    conflicts.push_back(conflict_object(state, path, value_at(state, path)));
  }
  return conflicts;
}

}  // namespace ukstore::cli
