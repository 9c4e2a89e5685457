#include <ukstore/merge/store_graph.h>

namespace ukstore {
namespace {

// What the graph names and the store does not hold: history that was never fetched, or collected.
template <class T>
std::unexpected<Error> missing(const Result<T>& failed) {
  if (failed.error().kind != Error::Kind::not_found) return pass_on(failed);
  return fail(Error::Kind::base_missing,
              "history that the merge needs is not here: " + failed.error().message);
}

}  // namespace

Result<GraphCommit> StoreGraph::commit(const ObjectRef& ref) const {
  auto found = source_.resolve(ref);
  if (!found) return pass_on(found);
  auto links = source_.links(*found);
  if (!links) return pass_on(links);
  return GraphCommit{*found, links->generation()};
}

Result<Tree> StoreGraph::tree(const GraphCommit& commit) const {
  auto links = source_.links(commit.ref);
  if (!links) return missing(links);
  auto tree = source_.tree(links->tree());
  return tree ? tree : missing(tree);
}

Result<std::vector<GraphCommit>> StoreGraph::bases(const GraphCommit& a,
                                                   const GraphCommit& b) const {
  auto found = merge_bases(source_, a.ref, b.ref, budget_);
  if (!found) return missing(found);
  std::vector<GraphCommit> bases;
  for (const WalkedCommit& base : *found) {
    // What a walk gives is good for the store; what is only staged must be named to the source.
    auto ref = source_.resolve(base.ref);
    if (!ref) return missing(ref);
    bases.push_back({*ref, base.generation});
  }
  return bases;
}

Result<bool> StoreGraph::is_ancestor(const GraphCommit& ancestor, const GraphCommit& of) const {
  auto found = ukstore::is_ancestor(source_, ancestor.ref, of.ref, budget_);
  return found ? found : missing(found);
}

Result<bool> StoreGraph::has_ordinary_beyond(const GraphCommit& a, const GraphCommit& b) const {
  auto log = Log::start(source_, std::span(&a.ref, 1), {.hide = {b.ref}}, budget_);
  if (!log) return missing(log);
  for (;;) {
    auto next = log->next();
    if (!next) return missing(next);
    if (!*next) return false;
    auto ref = source_.resolve((*next)->ref);
    if (!ref) return missing(ref);
    auto links = source_.links(*ref);
    if (!links) return missing(links);
    if (!links->canonical_merge()) return true;
  }
}

}  // namespace ukstore
