#include <ukstore/merge/graph.h>

#include <algorithm>

namespace ukstore {

Result<CommitSet> bases_of(const MergeGraph& graph, const CommitSet& set,
                           const GraphCommit& commit) {
  CommitSet common;
  for (const GraphCommit& member : set) {
    auto bases = graph.bases(member, commit);
    if (!bases) return pass_on(bases);
    common.insert(common.end(), bases->begin(), bases->end());
  }
  std::ranges::sort(common);
  auto repeated = std::ranges::unique(common);
  common.erase(repeated.begin(), repeated.end());
  if (set.size() == 1) return common;  // maximal already
  CommitSet maximal;
  for (size_t i = 0; i < common.size(); ++i) {
    bool covered = false;
    for (size_t j = i + 1; j < common.size() && !covered; ++j) {
      auto below = graph.is_ancestor(common[i], common[j]);
      if (!below) return pass_on(below);
      covered = *below;
    }
    if (!covered) maximal.push_back(common[i]);
  }
  return maximal;
}

Result<Rest> decide(const MergeGraph& graph, const GraphCommit& ours, const GraphCommit& theirs) {
  if (ours == theirs) return Rest::take_ours;
  auto mine = graph.has_ordinary_beyond(ours, theirs);
  if (!mine) return pass_on(mine);
  auto other = graph.has_ordinary_beyond(theirs, ours);
  if (!other) return pass_on(other);
  if (*mine && *other) return Rest::merge;
  if (*mine != *other) return *mine ? Rest::take_ours : Rest::take_theirs;
  return ours.ref.hash < theirs.ref.hash ? Rest::take_ours : Rest::take_theirs;
}

}  // namespace ukstore
