#include <ukstore/sync/places.h>

#include <ukstore/store/links.h>

namespace ukstore {
namespace {

constexpr uint64_t kVisitsMax = 10'000'000;

std::unexpected<Error> nothing_there() {
  return fail(Error::Kind::not_found, "there is no such object in that branch");
}

Result<ObjectRef> link_of(const ObjectView& view, uint32_t number) {
  std::optional<ObjectRef> found;
  uint32_t at = 0;
  visit_links(view, [&](const Link& link) {
    bool below = link.role != Link::Role::commit && link.role != Link::Role::target;
    if (at++ == number && below) found = link.ref;
  });
  if (!found) return nothing_there();
  return *found;
}

// The object that a place starts from.
Result<ObjectRef> start_of(const Store& store, const StoredCommit& commit,
                           const std::vector<Bytes>& path) {
  if (path.empty()) return commit.commit.tree;
  auto tree = store.tree(commit);
  if (!tree) return pass_on(tree);
  for (size_t i = 0;; ++i) {
    auto entry = tree->find(path[i]);
    if (!entry) return pass_on(entry);
    if (!*entry) return nothing_there();
    if (i + 1 < path.size()) {
      auto child = tree->child(**entry);
      if (!child) return pass_on(child);
      tree = std::move(*child);
      continue;
    }
    if ((*entry)->payload_form < PayloadForm::blob) return nothing_there();
    return (*entry)->object;
  }
}

}  // namespace

Result<std::vector<Hash>> in_scope(const Store& store, const Scope& scope,
                                   std::span<const Hash> commits) {
  auto source = store.commits();
  if (!source) return pass_on(source);
  // nullopt for what is no commit here.
  auto find = [&](const Hash& hash) -> Result<std::optional<ObjectRef>> {
    auto found = (*source)->resolve({hash, {}});
    if (found) return *found;
    const Error::Kind kind = found.error().kind;
    if (kind == Error::Kind::not_found || kind == Error::Kind::invalid) return std::nullopt;
    return pass_on(found);
  };
  std::vector<ObjectRef> tops;
  for (const Bytes& branch : scope.branches) {
    if (branch.empty()) continue;
    auto head = store.head(RefKind::branch, branch);
    if (!head) return pass_on(head);
    if (*head) tops.push_back((*head)->ref);
  }
  for (const Hash& told : scope.told) {
    auto top = find(told);
    if (!top) return pass_on(top);
    if (*top) tops.push_back(**top);
  }
  std::vector<Hash> known;
  WalkBudget budget{.visits_max = kVisitsMax};
  for (const Hash& hash : commits) {
    auto commit = find(hash);
    if (!commit) return pass_on(commit);
    for (const ObjectRef& top : tops) {
      if (!*commit) break;
      auto is = is_ancestor(**source, **commit, top, budget);
      if (!is) return pass_on(is);
      if (!*is) continue;
      known.push_back(hash);
      break;
    }
  }
  return known;
}

Result<std::vector<Bytes>> objects_at(const Store& store, const Scope& scope,
                                      const ObjectPlace& place, std::span<const uint32_t> wanted,
                                      size_t bytes_max) {
  auto known = in_scope(store, scope, std::span(&place.commit, 1));
  if (!known) return pass_on(known);
  if (known->empty()) return nothing_there();
  auto commit = store.commit({place.commit, {}});
  if (!commit) return pass_on(commit);
  auto ref = start_of(store, *commit, place.path);
  if (!ref) return pass_on(ref);
  auto view = store.objects().load(*ref);
  for (uint32_t number : place.links) {
    if (!view) return pass_on(view);
    auto next = link_of(*view, number);
    if (!next) return pass_on(next);
    view = store.objects().load(*next);
  }
  if (!view) return pass_on(view);
  std::vector<Bytes> objects;
  if (wanted.empty()) {
    objects.emplace_back(view->bytes);
    return objects;
  }
  size_t bytes = 0;
  for (uint32_t number : wanted) {
    auto next = link_of(*view, number);
    if (!next) return pass_on(next);
    auto object = store.objects().load(*next);
    if (!object) return pass_on(object);
    bytes += object->bytes.size();
    if (!objects.empty() && bytes > bytes_max) break;
    objects.emplace_back(object->bytes);
  }
  return objects;
}

}  // namespace ukstore
