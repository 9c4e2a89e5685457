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

Result<std::vector<Hash>> in_history(const Store& store, BytesView branch,
                                     std::span<const Hash> commits) {
  std::vector<Hash> known;
  auto head = store.head(RefKind::branch, branch);
  if (!head) return pass_on(head);
  if (!*head) return known;
  auto source = store.commits();
  if (!source) return pass_on(source);
  WalkBudget budget{.visits_max = kVisitsMax};
  for (const Hash& hash : commits) {
    auto found = (*source)->resolve({hash, {}});
    if (!found) {
      bool absent = found.error().kind == Error::Kind::not_found ||
                    found.error().kind == Error::Kind::invalid;
      if (absent) continue;
      return pass_on(found);
    }
    auto is = is_ancestor(**source, *found, (*head)->ref, budget);
    if (!is) return pass_on(is);
    if (*is) known.push_back(hash);
  }
  return known;
}

Result<std::vector<Bytes>> objects_at(const Store& store, BytesView branch,
                                      const ObjectPlace& place, std::span<const uint32_t> wanted,
                                      size_t bytes_max) {
  auto known = in_history(store, branch, std::span(&place.commit, 1));
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
