#include <ukstore/images/ukstore/graph_drawing.h>

#include <algorithm>

namespace ukstore::cli {

std::vector<std::string> GraphDrawing::lines_for(const StoredCommit& commit) {
  auto own = std::ranges::find(columns_, commit.ref.hash);
  if (own == columns_.end()) own = columns_.insert(columns_.end(), commit.ref.hash);
  const auto at = static_cast<size_t>(own - columns_.begin());

  std::string beside;
  for (size_t i = 0; i < columns_.size(); ++i) beside += i == at ? "* " : "| ";
  std::vector<std::string> lines{beside};

  // The first parent goes on in this column, others open columns to the right; a parent that a
  // column waits for already is met there.
  std::vector<Hash> fresh;
  for (const ObjectRef& parent : commit.commit.parents) {
    if (std::ranges::find(columns_, parent.hash) == columns_.end()) fresh.push_back(parent.hash);
  }
  const size_t before = columns_.size();
  if (fresh.empty()) {
    columns_.erase(columns_.begin() + static_cast<ptrdiff_t>(at));
  } else {
    columns_[at] = fresh[0];
    columns_.insert(columns_.begin() + static_cast<ptrdiff_t>(at) + 1, fresh.begin() + 1,
                    fresh.end());
  }
  if (columns_.size() == before || columns_.empty()) return lines;
  std::string below;
  for (size_t i = 0; i < at; ++i) below += "| ";
  if (columns_.size() > before) {
    below += "|";
    for (size_t i = at + 1; i < columns_.size(); ++i) below += "\\ ";
  } else {
    // A line that meets its parent to the left bends there; those to the right move up.
    const auto& parents = commit.commit.parents;
    const auto met =
        parents.empty() ? columns_.end() : std::ranges::find(columns_, parents[0].hash);
    if (at > 0 && met < columns_.begin() + static_cast<ptrdiff_t>(at)) below.back() = '/';
    for (size_t i = at; i < columns_.size(); ++i) below += " /";
  }
  lines.push_back(below + " ");
  return lines;
}

}  // namespace ukstore::cli
