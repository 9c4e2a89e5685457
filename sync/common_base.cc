#include <ukstore/sync/common_base.h>

#include <ukstore/store/history.h>
#include <ukstore/sync/errors.h>

namespace ukstore {
namespace {

Result<std::vector<Hash>> ancestors_at(const Store& store, const Hash& head,
                                       const std::vector<uint64_t>& generations) {
  auto source = store.commits();
  if (!source) return pass_on(source);
  WalkBudget budget;
  std::vector<Hash> names;
  for (uint64_t generation : generations) {
    auto found = ancestor_at(**source, {head, {}}, generation, budget);
    if (!found) return pass_on(found);
    names.push_back(found->ref.hash);
  }
  return names;
}

Result<uint64_t> generation_of(const Store& store, const Hash& hash) {
  auto commit = store.commit({hash, {}});
  if (!commit) return pass_on(commit);
  return commit->commit.generation;
}

// The number of the first name that the peer knows.
Task<kj::Maybe<size_t>> first_known(protocol::History::Client peer, std::span<const Hash> names) {
  auto request = peer.findRequest();
  auto list = request.initCommits(names.size());
  for (size_t i = 0; i < names.size(); ++i) list.set(i, to_data(names[i].view()));
  auto response = co_await request.send();
  auto known = response.getKnown();
  for (size_t i = 0; i < names.size() && i < known.size(); ++i) {
    if (known[i]) co_return i;
  }
  co_return nullptr;
}

}  // namespace

Result<std::vector<Hash>> growing_samples(const Store& store, const Hash& head) {
  auto top = generation_of(store, head);
  if (!top) return pass_on(top);
  std::vector<uint64_t> generations{*top};
  for (uint64_t step = 1; step < *top && generations.size() < kNamesPerRound - 1; step *= 2) {
    generations.push_back(*top - step);
  }
  if (generations.back() != 1) generations.push_back(1);
  return ancestors_at(store, head, generations);
}

Result<std::vector<Hash>> even_samples(const Store& store, const Hash& newer, const Hash& older) {
  auto top = generation_of(store, newer), bottom = generation_of(store, older);
  if (!top) return pass_on(top);
  if (!bottom) return pass_on(bottom);
  std::vector<uint64_t> generations;
  const uint64_t gap = *top - *bottom;
  const uint64_t count = std::min<uint64_t>(kNamesPerRound, gap == 0 ? 0 : gap - 1);
  for (uint64_t i = 1; i <= count; ++i) generations.push_back(*top - gap * i / (count + 1));
  return ancestors_at(store, newer, generations);
}

Task<kj::Maybe<Hash>> find_common(const Store& store, protocol::History::Client peer, Hash head) {
  const std::vector<Hash> far = get_or_throw(growing_samples(store, head));
  size_t at = 0;
  KJ_IF_MAYBE (number, co_await first_known(peer, far)) {
    at = *number;
  } else {
    co_return nullptr;
  }
  Hash best = far[at];
  if (at == 0) co_return best;
  const std::vector<Hash> near = get_or_throw(even_samples(store, far[at - 1], best));
  if (near.empty()) co_return best;
  KJ_IF_MAYBE (number, co_await first_known(peer, near)) {
    best = near[*number];
  }
  co_return best;
}

}  // namespace ukstore
