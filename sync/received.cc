// What a received commit must be: the check that an intake makes unless it is given another.
#include <ukstore/sync/intake.h>

#include <ukstore/merge/foreign.h>

namespace ukstore {

Result<void> check_received(const CommitSource& source, const ObjectRef& commit,
                            const TypeRegistry& types) {
  auto ok = check_commit(source, commit, types);
  if (ok || ok.error().kind != Error::Kind::unsupported) return ok;
  auto links = source.links(commit);
  if (!links) return pass_on(links);
  auto tree = source.tree(links->tree());
  if (!tree) return pass_on(tree);
  Tree known(tree->objects());
  if (links->parent_count() > 0) {
    auto parent = source.resolve(links->parent(0));
    auto parent_links = parent ? source.links(*parent) : Result<CommitLinks>(pass_on(parent));
    if (!parent_links) return pass_on(parent_links);
    auto parent_tree = source.tree(parent_links->tree());
    if (!parent_tree) return pass_on(parent_tree);
    known = *parent_tree;
  }
  return check_change(State(known), State(*tree), types);
}

}  // namespace ukstore
