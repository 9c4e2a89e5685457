#include <ukstore/merge/tx.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

// Whether `paths` (a sorted set or map of paths) holds `path`, a prefix of it, or one below it.
template <class Paths>
bool meets(const Paths& paths, BytesView path) {
  if (paths.empty()) return false;
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    if (paths.contains(path.substr(0, end))) return true;
    if (end == BytesView::npos) break;
  }
  Bytes below = Bytes(path) + "/";
  auto next = paths.lower_bound(below);
  if (next == paths.end()) return false;
  if constexpr (requires { next->first; }) {
    return BytesView(next->first).starts_with(below);
  } else {
    return BytesView(*next).starts_with(below);
  }
}

Result<void> check_entry_path(BytesView path) {
  if (path.empty()) {
    return fail(Error::Kind::invalid,
                "the top of a branch is a directory: it holds no value of its own");
  }
  return check_path(path);
}

void write_header(EditTree::Node& node, const Live& live) {
  Header header = encode_header(live);
  node.set(header.stored_kind, std::move(header.bytes));
  for (size_t i = 0; i < header.values.size(); ++i) {
    node.below[beside_key(i)].set(static_cast<uint8_t>(Kind::file), std::move(header.values[i]));
  }
}

}  // namespace

Result<std::optional<Bytes>> ValueEdit::find(BytesView key) const {
  auto changed = changes_.find(Bytes(key));
  if (changed != changes_.end()) return changed->second;
  auto entry = tree_.find(key);
  if (!entry) return pass_on(entry);
  if (!*entry) return std::nullopt;
  auto bytes = tree_.read(**entry);
  if (!bytes) return pass_on(bytes);
  return std::move(*bytes);
}

Result<void> ValueEdit::scan(const std::function<Flow(BytesView, BytesView)>& visit) const {
  Result<void> result;
  auto change = changes_.begin();
  Flow flow = Flow::go_on;
  auto changes_up_to = [&](BytesView key) {
    for (; flow == Flow::go_on && change != changes_.end() && change->first < key; ++change) {
      if (change->second) flow = visit(change->first, *change->second);
    }
  };
  auto ok = tree_.scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    changes_up_to(key);
    if (flow == Flow::stop) return flow;
    if (change != changes_.end() && change->first == key) return flow;
    auto bytes = tree_.read(entry);
    if (!bytes) {
      result = pass_on(bytes);
      return Flow::stop;
    }
    return flow = visit(key, *bytes);
  });
  if (!ok || !result) return ok ? result : ok;
  for (; flow == Flow::go_on && change != changes_.end(); ++change) {
    if (change->second) flow = visit(change->first, *change->second);
  }
  return {};
}

void ValueEdit::put(Bytes key, Bytes payload) {
  changes_.insert_or_assign(std::move(key), std::move(payload));
}

void ValueEdit::remove(Bytes key) { changes_.insert_or_assign(std::move(key), std::nullopt); }

Result<bool> ValueEdit::clear() {
  std::vector<Bytes> keys;
  auto ok = scan([&](BytesView key, BytesView) {
    keys.emplace_back(key);
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  for (Bytes& key : keys) remove(std::move(key));
  return !keys.empty();
}

void Tx::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

void Tx::attempt(const std::function<Result<void>()>& step) {
  if (error_) return;
  if (auto ok = step(); !ok) fail(ok.error());
}

void Tx::set(BytesView path, BytesView bytes, Kind kind) {
  attempt([&]() -> Result<void> {
    auto payload = make_payload(tree_.objects(), tree_.arena(), bytes);
    if (!payload) return pass_on(payload);
    return set_value(path, std::move(*payload), kind);
  });
}

void Tx::set(BytesView path, Payload payload, Kind kind) {
  attempt([&] { return set_value(path, std::move(payload), kind); });
}

void Tx::remove(BytesView path) {
  attempt([&] { return remove_at(path); });
}

Result<void> Tx::set_value(BytesView path, Payload payload, Kind kind) {
  assert(is_valued(kind));
  if (auto ok = check_entry_path(path); !ok) return ok;
  if (auto ok = settle(path); !ok) return ok;
  bool there = false;
  auto old = State(tree_).value(path);
  if (!old) return pass_on(old);
  if (*old && !(*old)->is_conflict() && !(*old)->live.empty()) {
    const LiveEntry& live = (*old)->live.front();
    there = live.kind == kind && live.value == payload;
  }
  auto above = clear_above(path);
  if (!above) return pass_on(above);
  if (there && *above == Above::was_clear) return {};
  EditTree::Node& node = edits_.at(path);
  node.clears_child = true;
  write_header(node, {{mint(), kind, std::move(payload)}});
  touched_.insert(Bytes(path));
  return {};
}

Result<void> Tx::remove_at(BytesView path) {
  if (auto ok = check_path(path); !ok) return ok;
  if (path.empty()) {
    if (auto ok = flush(); !ok) return ok;
    tree_ = Tree(tree_.objects()).in(tree_.arena());
    return {};
  }
  if (auto ok = settle(path); !ok) return ok;
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  if (!*entry) return {};
  EditTree::Node& node = edits_.at(path);
  node.drop();
  node.clears_child = true;
  touched_.insert(Bytes(path));
  return {};
}

void Tx::keep(BytesView path, const Live& kept) {
  attempt([&] { return keep_at(path, kept); });
}

Result<void> Tx::keep_at(BytesView path, const Live& kept) {
  if (auto ok = check_entry_path(path); !ok) return ok;
  if (auto ok = settle(path); !ok) return ok;
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  if (!*entry) return {};
  auto live = read_live(tree_, *entry);
  if (!live) return pass_on(live);
  std::erase_if(*live,
                [&](const LiveEntry& e) { return std::ranges::find(kept, e) == kept.end(); });
  bool has_place_below =
      std::ranges::all_of(*live, [](const LiveEntry& e) { return e.kind == Kind::map; });
  EditTree::Node& node = edits_.at(path);
  auto ok = drop_values(**entry, *live, has_place_below ? kFirstStep : BytesView(), node);
  if (!ok) return ok;
  node.drop();
  if (!live->empty()) write_header(node, *live);
  touched_.insert(Bytes(path));
  return {};
}

Result<void> Tx::drop_values(const Entry& entry, const Live& live, BytesView end,
                             EditTree::Node& node) {
  auto child = tree_.child(entry);
  if (!child) return pass_on(child);
  return child->scan({}, end, Direction::forward, [&](BytesView key, const Entry&) {
    auto slot = slot_of(key);
    if (slot && slot->is == Slot::Is::value && has_kind(live, slot->kind)) return Flow::go_on;
    EditTree::Node& gone = node.below[Bytes(key)];
    gone.drop();
    gone.clears_child = true;
    return Flow::go_on;
  });
}

void Tx::rewrite(BytesView path, const Live& kept, const std::vector<Term>& added) {
  attempt([&] { return rewrite_at(path, kept, added); });
}

Result<void> Tx::rewrite_at(BytesView path, const Live& kept, const std::vector<Term>& added) {
  if (auto ok = check_entry_path(path); !ok) return ok;
  if (auto ok = settle(path); !ok) return ok;
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  Live live = kept;
  for (const Term& term : added) live.push_back({mint(), term.kind, term.value});
  EditTree::Node& node = edits_.at(path);
  if (*entry) {
    if (auto ok = drop_values(**entry, live, kFirstStep, node); !ok) return ok;
  }
  node.drop();
  if (!live.empty()) write_header(node, live);
  touched_.insert(Bytes(path));
  return {};
}

Result<Tx::Above> Tx::clear_above(BytesView path) {
  Above above = Above::was_clear;
  for (size_t end = path.find('/'); end != BytesView::npos; end = path.find('/', end + 1)) {
    BytesView prefix = path.substr(0, end);
    auto position = tree_.at(prefix);
    if (!position) return pass_on(position);
    if (!*position) return above;
    auto live = read_live(tree_, *position);
    if (!live) return pass_on(live);
    Live maps;
    for (const LiveEntry& entry : *live) {
      if (entry.kind == Kind::map) maps.push_back(entry);
    }
    if (maps.size() == live->size()) continue;
    EditTree::Node& node = edits_.at(prefix);
    if (node.payload == Edit::Part::keep) above = Above::cleared;
    auto child = tree_.child(**position);
    if (!child) return pass_on(child);
    auto ok = child->scan({}, kFirstStep, Direction::forward, [&](BytesView key, const Entry&) {
      EditTree::Node& gone = node.below[Bytes(key)];
      gone.drop();
      gone.clears_child = true;
      return Flow::go_on;
    });
    if (!ok) return pass_on(ok);
    if (maps.empty()) {
      node.drop();
    } else {
      write_header(node, maps);
    }
  }
  return above;
}

Result<void> Tx::settle(BytesView path) {
  if (meets(touched_, path) || meets(open_, path)) return flush();
  return {};
}

Result<ValueEdit*> Tx::edit_value(BytesView path, Kind kind) {
  auto open = open_.find(path);
  if (open != open_.end() && open->second.kind_ == kind) return &open->second;
  if (auto ok = check_entry_path(path); !ok) return pass_on(ok);
  if (auto ok = settle(path); !ok) return pass_on(ok);
  State state(tree_);
  auto tree = state.value_tree(path, kind);
  if (!tree) return pass_on(tree);
  ValueEdit value(Bytes(path), kind, std::move(*tree));
  auto live = state.is_live(path, kind);
  if (!live) return pass_on(live);
  value.was_live_ = *live;
  if (is_user(kind)) {
    auto bytes = state.user_state(path, kind);
    if (!bytes) return pass_on(bytes);
    value.state_ = std::move(*bytes);
  }
  return &open_.emplace(Bytes(path), std::move(value)).first->second;
}

Result<bool> Tx::settled_is_live(BytesView path, Kind kind) const {
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    BytesView prefix = path.substr(0, end);
    if (touched_.contains(prefix) || open_.contains(prefix)) return false;
    if (end == BytesView::npos) break;
  }
  return State(tree_).is_live(path, kind);
}

// Everything else at the position of a value gives way, and below it too unless this is a map.
Result<void> Tx::make_room(const ValueEdit& value, const std::optional<Entry>& entry,
                           EditTree::Node& node) {
  Live live{{mint(), value.kind_, {}}};
  if (entry && value.others_stay_) {
    auto others = read_live(tree_, entry);
    if (!others) return pass_on(others);
    std::erase_if(*others, [&](const LiveEntry& other) { return other.kind == value.kind_; });
    live.insert(live.begin(), others->begin(), others->end());
  } else if (entry && entry->has_child()) {
    BytesView end = value.kind_ == Kind::map ? kFirstStep : BytesView();
    if (auto ok = drop_values(*entry, live, end, node); !ok) return ok;
  }
  write_header(node, live);
  return {};
}

Result<void> Tx::close(const ValueEdit& value) {
  if (!value.touched_) return {};
  if (!value.others_stay_) {
    if (auto ok = clear_above(value.path_); !ok) return pass_on(ok);
  }
  auto entry = tree_.at(value.path_);
  if (!entry) return pass_on(entry);
  EditTree::Node& node = edits_.at(value.path_);
  if (auto ok = make_room(value, *entry, node); !ok) return ok;
  touched_.insert(value.path_);
  uint8_t stored_kind = static_cast<uint8_t>(value.kind_);
  if (is_user(value.kind_)) {
    EditTree::Node& slot = node.below[value_key(value.kind_)];
    if (value.state_) {
      slot.set(stored_kind, *value.state_);
    } else {
      slot.drop();
    }
    return {};
  }
  if (value.changes_.empty()) return {};
  EditTree::Node& slot = node.below[value_key(value.kind_)];
  for (const auto& [key, payload] : value.changes_) {
    if (payload) {
      slot.below[key].set(stored_kind, *payload);
    } else {
      slot.below[key].drop();
    }
  }
  return {};
}

Result<void> Tx::flush() {
  for (const auto& [path, value] : open_) {
    if (auto ok = close(value); !ok) return ok;
  }
  open_.clear();
  touched_.clear();
  if (edits_.empty()) return {};
  auto tree = edits_.apply_to(tree_);
  if (!tree) return pass_on(tree);
  edits_ = {};
  tree_ = std::move(*tree);
  return {};
}

Result<State> Tx::state() {
  attempt([&] { return flush(); });
  if (error_) return std::unexpected(*error_);
  return State(tree_);
}

Result<std::optional<Bytes>> Tx::get(BytesView path) {
  auto now = state();
  if (!now) return pass_on(now);
  return now->get(path);
}

}  // namespace ukstore
