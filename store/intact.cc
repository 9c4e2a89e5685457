#include <ukstore/store/intact.h>

#include <ukstore/store/commit.h>
#include <ukstore/store/links.h>

#include <algorithm>

namespace ukstore {

std::optional<ObjectView> Intact::good(const Hash& hash) const {
  if (damaged_.contains(hash)) return std::nullopt;
  auto view = objects_.load(hash, {});
  return view ? std::optional(*view) : std::nullopt;
}

bool Intact::is_whole(const Hash& hash) {
  // Depth first, without recursion: histories are long.
  struct Place {
    Hash hash;
    std::vector<Hash> links;
    bool whole;
  };
  std::vector<Place> path;
  auto enter = [&](const Hash& next) {
    auto view = good(next);
    Place place{next, {}, view.has_value()};
    if (view) visit_links(*view, [&](const Link& link) { place.links.push_back(link.ref.hash); });
    known_.emplace(next, false);  // until it is left
    path.push_back(std::move(place));
  };
  if (!known_.contains(hash)) enter(hash);
  while (!path.empty()) {
    Place& place = path.back();
    if (place.links.empty()) {
      known_[place.hash] = place.whole;
      path.pop_back();
      continue;
    }
    Hash next = place.links.back();
    auto found = known_.find(next);
    if (found == known_.end()) {
      enter(next);
      continue;
    }
    place.whole &= found->second;
    place.links.pop_back();
  }
  return known_[hash];
}

std::optional<ObjectRef> Intact::newest_whole(const Hash& commit) {
  struct Candidate {
    uint64_t generation;
    Hash hash;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> heap;
  std::unordered_set<Hash> met;
  auto add = [&](const Hash& hash) {
    if (!met.insert(hash).second) return;
    auto view = good(hash);
    if (!view || view->kind != ObjectKind::commit) return;
    heap.push_back({CommitLinks(*view).generation(), hash});
    std::ranges::push_heap(heap);
  };
  add(commit);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap);
    Candidate newest = heap.back();
    heap.pop_back();
    if (is_whole(newest.hash)) {
      auto address = objects_.find(newest.hash);
      return ObjectRef{newest.hash, address && *address ? **address : Address()};
    }
    auto view = good(newest.hash);
    CommitLinks links(*view);
    for (size_t i = 0; i < links.parent_count(); ++i) add(links.parent(i).hash);
  }
  return std::nullopt;
}

}  // namespace ukstore
