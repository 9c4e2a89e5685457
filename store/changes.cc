#include <ukstore/store/changes.h>

#include <ukstore/store/seal.h>

#include <ranges>

namespace ukstore {
namespace {

// Moves the nodes of `later` over those of `map`: no key is copied.
template <class Map>
void absorb_map(Map& map, Map& later) {
  while (!later.empty()) {
    auto result = map.insert(later.extract(later.begin()));
    if (!result.inserted) result.position->second = std::move(result.node.mapped());
  }
}

template <class T>
void absorb_list(std::vector<T>& list, std::vector<T>& later) {
  list.insert(list.end(), std::make_move_iterator(later.begin()),
              std::make_move_iterator(later.end()));
}

}  // namespace

void Changes::absorb(Changes later) {
  absorb_map(heads, later.heads);
  absorb_map(records, later.records);
  absorb_list(journal, later.journal);
  absorb_list(staged, later.staged);
  if (later.arena) arena = std::move(later.arena);
  staged_bytes += later.staged_bytes;
}

Result<const Snapshot*> LazySnapshot::open() {
  if (!snapshot_) {
    auto made = backend_.snapshot();
    if (!made) return pass_on(made);
    snapshot_ = std::move(*made);
  }
  return snapshot_.get();
}

Result<std::optional<Head>> LayeredState::head(BytesView key) const {
  for (const Changes* layer : layers_) {
    if (!layer || layer->heads.empty()) continue;
    if (auto found = layer->heads.find(key); found != layer->heads.end()) return found->second;
  }
  auto base = base_.open();
  if (!base) return pass_on(base);
  auto value = (*base)->get(key);
  if (!value) return pass_on(value);
  if (!*value) return std::nullopt;
  auto head = decode_head(key, **value);
  if (!head) return pass_on(head);
  return *head;
}

Result<std::optional<Bytes>> LayeredState::record(BytesView key) const {
  for (const Changes* layer : layers_) {
    if (!layer || layer->records.empty()) continue;
    if (auto found = layer->records.find(key); found != layer->records.end()) return found->second;
  }
  auto base = base_.open();
  if (!base) return pass_on(base);
  auto value = (*base)->get(key);
  if (!value) return pass_on(value);
  if (!*value) return std::nullopt;
  auto plain = unseal(key, **value);
  if (!plain) return pass_on(plain);
  return Bytes(*plain);
}

Result<JournalEnd> LayeredState::journal_end() const {
  for (const Changes* layer : layers_) {
    if (layer && !layer->journal.empty()) return end_of(layer->journal.back());
  }
  auto base = base_.open();
  if (!base) return pass_on(base);
  return ukstore::journal_end(**base);
}

Result<JournalRecord> LayeredState::journal_record(uint64_t sequence) const {
  for (const Changes* layer : layers_) {
    if (!layer || layer->journal.empty()) continue;
    uint64_t first = layer->journal.front().entry.sequence;
    if (sequence >= first) return layer->journal.at(sequence - first);
  }
  auto base = base_.open();
  if (!base) return pass_on(base);
  return ukstore::journal_record(**base, sequence);
}

Result<Located> LayeredState::locate(const ObjectRef& ref, Hints hints) const {
  ObjectRef found = ref;
  if (ref.address.is_staged() && hints == Hints::foreign) found.address = {};
  if (!found.address) {
    for (const Changes* layer : layers_) {
      if (!layer) continue;
      for (const StagedName& staged : std::views::reverse(layer->staged)) {
        if (staged.ref.hash != ref.hash) continue;
        return Located{staged.ref, staged.ref.address.staged()->view()};
      }
    }
  }
  auto view = objects_.load(found);
  if (!view) return pass_on(view);
  if (!found.address.is_staged() && view->segment != found.address.segment()) {
    // The hint was absent or stale: a good one makes later reads cheap.
    auto address = objects_.find(ref.hash);
    if (!address) return pass_on(address);
    found.address = address->value_or(Address());
  }
  return Located{found, *view};
}

ObjectRef LayeredState::locate_tree(const ObjectRef& root) const {
  if (root.address && !root.address.is_staged()) return root;
  for (const Changes* layer : layers_) {
    if (!layer) continue;
    for (const StagedName& staged : std::views::reverse(layer->staged)) {
      if (staged.tree.hash == root.hash) return staged.tree;
    }
  }
  return {root.hash, {}};
}

std::shared_ptr<Arena> LayeredState::arena() const {
  for (const Changes* layer : layers_) {
    if (layer && layer->arena) return layer->arena;
  }
  return nullptr;
}

}  // namespace ukstore
