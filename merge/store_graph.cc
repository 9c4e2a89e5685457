#include <ukstore/merge/store_graph.h>

namespace ukstore {

Result<GraphCommit> StoreGraph::commit(const ObjectRef& ref) const {
  auto found = source_.resolve(ref);
  if (!found) return pass_on(found);
  auto links = source_.links(*found);
  if (!links) return pass_on(links);
  return GraphCommit{*found, links->generation()};
}

Result<Tree> StoreGraph::tree(const GraphCommit& commit) const {
  auto links = source_.links(commit.ref);
  if (!links) return pass_on(links);
  return source_.tree(links->tree());
}

Result<std::vector<GraphCommit>> StoreGraph::bases(const GraphCommit& a,
                                                   const GraphCommit& b) const {
  auto found = merge_bases(source_, a.ref, b.ref, budget_);
  if (!found) return pass_on(found);
  std::vector<GraphCommit> bases;
  for (const WalkedCommit& base : *found) {
    // What a walk gives is good for the store; what is only staged must be named to the source.
    auto ref = source_.resolve(base.ref);
    if (!ref) return pass_on(ref);
    bases.push_back({*ref, base.generation});
  }
  return bases;
}

Result<bool> StoreGraph::is_ancestor(const GraphCommit& ancestor, const GraphCommit& of) const {
  return ukstore::is_ancestor(source_, ancestor.ref, of.ref, budget_);
}

Result<bool> StoreGraph::has_ordinary_beyond(const GraphCommit& a, const GraphCommit& b) const {
  auto log = Log::start(source_, std::span(&a.ref, 1), {.hide = {b.ref}}, budget_);
  if (!log) return pass_on(log);
  for (;;) {
    auto next = log->next();
    if (!next) return pass_on(next);
    if (!*next) return false;
    auto ref = source_.resolve((*next)->ref);
    if (!ref) return pass_on(ref);
    auto links = source_.links(*ref);
    if (!links) return pass_on(links);
    if (!links->canonical_merge()) return true;
  }
}

}  // namespace ukstore
