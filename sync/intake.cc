#include <ukstore/sync/intake.h>

#include <ukstore/merge/store_graph.h>

#include <algorithm>

namespace ukstore {
namespace {

// Commits read to see whether one is in the history of another.
constexpr uint64_t kVisitsMax = 1'000'000;
constexpr Base::From kFromMerge = Base::From::merge;

std::unexpected<Error> corrupt(std::string what) {
  return fail(Error::Kind::corrupt, "from a peer: " + std::move(what));
}

Edit& edit_at(std::vector<Edit>& edits, const KeyPath& path) {
  auto* level = &edits;
  for (size_t depth = 0;; ++depth) {
    auto found = std::ranges::lower_bound(*level, path[depth], {}, &Edit::key);
    assert(found != level->end() && found->key == path[depth]);
    if (depth + 1 == path.size()) return *found;
    level = &found->child_edits;
  }
}

}  // namespace

// Whatever stands in a walk without a hint is found here by its name.
class Intake::Commits final : public CommitSource {
 public:
  Commits(const ObjectStore& objects, const std::unordered_map<Hash, ObjectRef>& fresh)
      : stored_(stored_commits(objects)), fresh_(fresh) {}

  Result<ObjectRef> resolve(const ObjectRef& commit) const override {
    auto staged = fresh_.find(commit.hash);
    return staged != fresh_.end() ? staged->second : stored_->resolve({commit.hash, {}});
  }
  Result<CommitLinks> links(const ObjectRef& commit) const override {
    return stored_->links(commit);
  }
  Result<std::optional<ObjectRef>> at(Address address) const override {
    return stored_->at(address);
  }
  Result<Tree> tree(const ObjectRef& root) const override { return stored_->tree(root); }

 private:
  const std::unique_ptr<CommitSource> stored_;
  const std::unordered_map<Hash, ObjectRef>& fresh_;
};

Intake::Intake(Store& store, const TypeRegistry& types, Landing landing, IntakeOptions options,
               std::shared_ptr<const PeerHas> peer)
    : store_(store),
      types_(types),
      landing_(std::move(landing)),
      options_(std::move(options)),
      peer_(std::move(peer)),
      source_(std::make_unique<Commits>(store.objects(), fresh_)),
      arena_(store.new_spilling_arena()) {}

void Intake::told(std::span<const Hash> haves) {
  for (const Hash& have : haves) {
    names_.add(have);
    haves_.push_back(have);
  }
}

Result<std::optional<Wanted>> Intake::take(Bytes piece) {
  if (broken_) return std::unexpected(*broken_);
  if (!rest_.empty() || waiting_ || waits_for_nodes_)
    return corrupt("a piece before the last one is read");
  piece_ = std::move(piece);
  bytes_since_checkpoint_ += piece_.size();
  rest_ = piece_;
  return go_on();
}

Result<std::optional<Wanted>> Intake::go_on() {
  if (broken_) return std::unexpected(*broken_);
  for (;;) {
    if (!waiting_ && !waits_for_nodes_ && rest_.empty()) return std::nullopt;
    auto wanted = read_record();
    if (!wanted) {
      broken_ = wanted.error();
      return wanted;
    }
    if (*wanted) return wanted;
    if (auto ok = relieve(); !ok) {
      broken_ = ok.error();
      return pass_on(ok);
    }
  }
}

// One record, or what is left of one that had to wait.
Result<std::optional<Wanted>> Intake::read_record() {
  if (waiting_) return go_on_with_edits();
  if (waits_for_nodes_) {
    waits_for_nodes_ = false;
    const Hash& root = open_->header.commit.tree.hash;
    auto address = locate(root);
    if (!address) return pass_on(address);
    auto tree = Tree::load(store_.objects(), {root, address->value_or(Address())});
    if (!tree) return pass_on(tree);
    open_->tree = tree->in(arena_);
    return finish_commit();
  }
  auto record = take_record(rest_);
  if (!record) return pass_on(record);
  if (record->type == RecordType::publish) {
    if (auto ok = publish(record->body); !ok) return pass_on(ok);
    return std::nullopt;
  }
  const auto bits = static_cast<uint8_t>(record->type);
  if (((bits & 1) != 0) == open_.has_value()) return corrupt("a record out of its order");
  BytesView body = record->body;
  if (bits & 1) {
    if (auto ok = begin(body); !ok) return pass_on(ok);
  }
  ends_ = bits & 2;
  if (!open_->tree) {  // known, or asked for
    if (!ends_) return std::nullopt;
    return finish_commit();
  }
  return make_edits(body);
}

Result<std::optional<ObjectRef>> Intake::find_commit(const Hash& hash) const {
  auto stored = source_->resolve({hash, {}});
  if (stored) return *stored;
  if (stored.error().kind == Error::Kind::not_found) return std::nullopt;
  return pass_on(stored);
}

// A commit that the sender may build on.
Result<ObjectRef> Intake::admit(const Hash& hash) {
  auto found = find_commit(hash);
  if (!found) return pass_on(found);
  if (!*found) {  // one of ours that waits in memory is no ground to build on
    if (auto ok = store_.flush(); !ok) return pass_on(ok);
    found = find_commit(hash);
    if (!found) return pass_on(found);
  }
  if (!*found) return corrupt("commit " + to_hex(hash) + " is not here");
  if (names_.contains(hash)) return **found;
  Scope scope{{landing_.tracking, landing_.merge_into.value_or("")}, haves_};
  if (peer_) scope.told.insert(scope.told.end(), peer_->told().begin(), peer_->told().end());
  auto known = in_scope(store_, scope, std::span(&hash, 1));
  if (!known) return pass_on(known);
  if (!known->empty()) return **found;
  // The same words, so that nobody learns what is here.
  return corrupt("commit " + to_hex(hash) + " is not here");
}

Result<void> Intake::begin(BytesView& body) {
  auto header = take_header(body, names_);
  if (!header) return pass_on(header);
  Commit& commit = header->commit;
  uint64_t highest = 0;
  for (ObjectRef& parent : commit.parents) {
    auto known = admit(parent.hash);
    if (!known) return pass_on(known);
    parent = *known;
    auto links = source_->links(parent);
    if (!links) return pass_on(links);
    highest = std::max(highest, links->generation());
  }
  if (commit.generation != highest + 1) {
    return corrupt("a commit of generation " + std::to_string(commit.generation) +
                   " on parents of generation " + std::to_string(highest));
  }
  OpenCommit open{.header = std::move(*header)};
  open.encoded = encode(open.header.commit);
  open.hash = hash_object(ObjectKind::commit, open.encoded);
  auto known = find_commit(open.hash);
  if (!known) return pass_on(known);
  const Base::From from = open.header.base.from;
  if (!*known && from != Base::From::objects) {
    auto tree = starting_tree(open.header);
    if (tree) {
      open.tree = std::move(*tree);
      open.merged = from == kFromMerge;
    } else if (from != kFromMerge || tree.error().kind != Error::Kind::unsupported) {
      return pass_on(tree);
    }
  }
  open_ = std::move(open);
  return {};
}

Result<Tree> Intake::starting_tree(const CommitHeader& header) {
  switch (header.base.from) {
    case Base::From::edits_of_empty:
    case Base::From::objects:
      return Tree(store_.objects()).in(arena_);
    case Base::From::edits_of_parent: {
      auto links = source_->links(header.commit.parents.at(header.base.parent));
      if (!links) return pass_on(links);
      auto tree = source_->tree(links->tree());
      if (!tree) return tree;
      return tree->in(arena_);
    }
    case Base::From::edits_of_merge:
    case Base::From::merge:
      return merged_tree(header.commit);
  }
  return corrupt("a base that is none");
}

Result<Tree> Intake::merged_tree(const Commit& commit) {
  StoreGraph graph(*source_, kVisitsMax);
  CommitSet parents;
  for (const ObjectRef& parent : commit.parents) {
    auto known = graph.commit(parent);
    if (!known) return pass_on(known);
    parents.push_back(*known);
  }
  MergeEngine engine(graph, types_, {}, arena_);
  if (parents.size() == 2) return engine.merge(parents[0], parents[1]);
  std::ranges::sort(parents);
  return engine.state_of(parents, Tree(store_.objects()).in(arena_));
}

Result<std::optional<Wanted>> Intake::make_edits(BytesView body) {
  auto edits = read_edits(body);
  if (!edits) return pass_on(edits);
  waiting_ = std::move(*edits);
  return go_on_with_edits();
}

Result<std::optional<Wanted>> Intake::go_on_with_edits() {
  for (const NamedPayload& named : waiting_->named) {
    const Hash& object = named.payload.object.hash;
    auto address = locate(object);
    if (!address) return pass_on(address);
    if (!*address) return Wanted{open_->hash, named.path, object, Link::Role::rope};
    Payload payload = named.payload;
    payload.object.address = **address;
    edit_at(waiting_->edits, named.path).new_payload = std::move(payload);
  }
  TreeEdits edits = std::move(*waiting_);
  waiting_.reset();
  if (auto ok = apply(edits); !ok) return pass_on(ok);
  return ends_ ? finish_commit() : Result<std::optional<Wanted>>(std::nullopt);
}

Result<void> Intake::apply(const TreeEdits& edits) {
  edits_ += edits.count;
  const size_t before = arena_->unwritten_bytes();
  auto next = open_->tree->apply(edits.edits);
  if (!next) return corrupt(next.error().message);
  const size_t written = arena_->unwritten_bytes() - before;
  if (written > options_.written_bytes_base + options_.written_bytes_per_edit * edits.count) {
    return fail(Error::Kind::limit, "from a peer: " + std::to_string(edits.count) +
                                        " edits write " + std::to_string(written) + " bytes");
  }
  open_->tree = std::move(*next);
  return {};
}

Result<std::optional<Wanted>> Intake::finish_commit() {
  auto known = find_commit(open_->hash);
  if (!known) return pass_on(known);
  if (!*known && !open_->tree) {  // its tree is asked for as nodes
    const Hash& root = open_->header.commit.tree.hash;
    waits_for_nodes_ = true;
    auto here = has(root);
    if (!here) return pass_on(here);
    if (!*here) return Wanted{open_->hash, {}, root, Link::Role::root};
    return read_record();
  }
  if (!*known) {
    auto staged = stage(*open_);
    if (!staged) return pass_on(staged);
    if (auto ok = verify(*open_, *staged); !ok) return pass_on(ok);
  }
  if (options_.staged) options_.staged(open_->header.commit.generation);
  names_.add(open_->hash);
  for (const ObjectRef& parent : open_->header.commit.parents) tips_.erase(parent.hash);
  tips_.insert(open_->hash);
  open_.reset();
  return std::nullopt;
}

// A merge that was made here, and has the root that it says, needs no other check.
Result<void> Intake::verify(const OpenCommit& open, const ObjectRef& staged) const {
  const bool made_here = open.header.commit.canonical_merge && open.merged;
  if (made_here || !options_.check) return {};
  auto ok = options_.check(*source_, staged, types_);
  return ok ? ok : pass_on(ok, "from a peer");
}

Result<ObjectRef> Intake::stage(OpenCommit& open) {
  if (++commits_ > options_.commits_max)
    return fail(Error::Kind::limit, "from a peer: too many commits");
  Commit& commit = open.header.commit;
  if (open.tree->hash() != commit.tree.hash) {
    return corrupt("the edits of commit " + to_hex(open.hash) + " make another tree than it says");
  }
  commit.tree = open.tree->root();
  auto jump = jump_for(*source_, commit.parents);
  if (!jump) return pass_on(jump);
  std::vector<Address> side{commit.tree.address};
  for (const ObjectRef& parent : commit.parents) side.push_back(parent.address);
  side.push_back(*jump);
  ObjectRef ref = arena_->add(ObjectKind::commit, open.hash, open.encoded, side);
  fresh_.emplace(open.hash, ref);
  if (drafted_) drafts_.push_back({open.hash, commit, *open.tree});
  return ref;
}

Result<void> Intake::publish(BytesView body) {
  if (open_) return corrupt("it publishes with a commit open");
  auto name = names_.take_name(body);
  if (!name) return pass_on(name);
  if (!body.empty()) return corrupt("a record is too long");
  return adopt(*name);
}

Result<void> Intake::adopt(const Hash& head) {
  auto known = admit(head);
  if (!known) return pass_on(known);
  published_ = head;
  return {};
}

}  // namespace ukstore
