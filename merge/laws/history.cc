#include <ukstore/merge/laws/history.h>

#include <algorithm>
#include <cassert>

namespace ukstore::laws {

size_t CommitGraph::add(GraphNode node) {
  size_t index = nodes_.size();
  assert(index < kCommitsMax);
  node.ancestors.set(index);
  node.generation = 1;
  for (size_t parent : node.parents) {
    node.ancestors |= nodes_[parent].ancestors;
    node.events |= nodes_[parent].events;
    node.generation = std::max(node.generation, nodes_[parent].generation + 1);
  }
  ordinary_.set(index, !node.canonical);
  nodes_.push_back(std::move(node));
  return index;
}

std::vector<size_t> CommitGraph::maximal(CommitBits set) const {
  std::vector<size_t> found;
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!set[i]) continue;
    found.push_back(i);
    set &= ~nodes_[i].ancestors;
  }
  std::ranges::sort(found, {}, [&](size_t i) { return std::pair(nodes_[i].generation, i); });
  return found;
}

std::vector<size_t> CommitGraph::bases(const std::vector<size_t>& set, size_t commit) const {
  CommitBits together;
  for (size_t member : set) together |= nodes_[member].ancestors;
  return maximal(together & nodes_[commit].ancestors);
}

bool CommitGraph::has_ordinary_beyond(size_t a, size_t b) const {
  return (nodes_[a].ancestors & ~nodes_[b].ancestors & ordinary_).any();
}

std::string CommitGraph::drawing() const {
  std::vector<std::string> lanes;
  for (const GraphNode& node : nodes_) {
    if (std::ranges::find(lanes, node.replica) == lanes.end()) lanes.push_back(node.replica);
  }
  std::string text = "  ";
  for (const std::string& lane : lanes) text += lane + " ";
  text += "\n";
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const GraphNode& node = nodes_[i];
    text += "  ";
    for (const std::string& lane : lanes) {
      std::string mark = node.canonical ? "M" : node.parents.size() > 1 ? "m" : "*";
      if (lane != node.replica) mark = "|";
      text += mark + std::string(lane.size(), ' ');
    }
    text += " c" + std::to_string(i) + " " + node.what;
    for (size_t p = 0; p < node.parents.size(); ++p) {
      text += (p == 0 ? "  <- c" : ", c") + std::to_string(node.parents[p]);
    }
    text += "\n";
  }
  return text;
}

}  // namespace ukstore::laws
