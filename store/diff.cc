#include <ukstore/store/diff.h>

#include <ukstore/store/tree_cursor.h>

namespace ukstore {
namespace {

using OptionalEntry = std::optional<Entry>;

// The differences of two trees one after another, as a stream.
class DiffStream {
 public:
  DiffStream(const Tree& before, const Tree& after)
      : before_(before.objects(), TreeAccess::root_node(before)),
        after_(after.objects(), TreeAccess::root_node(after)) {
    // Nothing to walk if the roots are one.
    if (TreeAccess::root_node(before).object().bytes ==
        TreeAccess::root_node(after).object().bytes) {
      equal_ = true;
    }
  }

  // Goes in front of the first keys that are not below `from`.
  Result<void> seek(BytesView from) {
    if (auto ok = before_.seek(from); !ok) return ok;
    return after_.seek(from);
  }

  // Goes to the next difference; false at the end.
  Result<bool> next() {
    if (equal_) return false;
    for (;;) {
      if (auto aligned = skip_equal(); !aligned) return pass_on(aligned);
      if (before_.at_end() && after_.at_end()) return false;
      int order = compare();
      if (order == 0 && before_.value() == after_.value()) {
        before_.skip();
        after_.skip();
        continue;
      }
      bool take_before = order <= 0, take_after = order >= 0;
      key_ = take_before ? before_key_ : after_key_;
      before_entry_ = take_before ? OptionalEntry(before_.entry()) : std::nullopt;
      after_entry_ = take_after ? OptionalEntry(after_.entry()) : std::nullopt;
      if (take_before) before_.skip();
      if (take_after) after_.skip();
      return true;
    }
  }

  BytesView key() const { return key_; }
  const OptionalEntry& before() const { return before_entry_; }
  const OptionalEntry& after() const { return after_entry_; }

 private:
  // Skips subtrees that are equal, until both sides have an entry in front or are at their end.
  Result<void> skip_equal() {
    for (;;) {
      bool b = !before_.at_end() && before_.level() > 0;
      bool a = !after_.at_end() && after_.level() > 0;
      if (!a && !b) return {};
      if (a && b && before_.level() == after_.level()) {
        if (before_.node().hash(before_.index()) == after_.node().hash(after_.index())) {
          before_.skip();
          after_.skip();
          continue;
        }
        if (auto ok = before_.enter(); !ok) return ok;
        if (auto ok = after_.enter(); !ok) return ok;
        continue;
      }
      bool enter_before = b && (!a || before_.level() > after_.level());
      if (auto ok = enter_before ? before_.enter() : after_.enter(); !ok) return ok;
    }
  }

  // The order of the entries in front; an end is behind all keys.
  int compare() {
    if (!before_.at_end()) read_key(before_, before_key_);
    if (!after_.at_end()) read_key(after_, after_key_);
    if (before_.at_end()) return 1;
    if (after_.at_end()) return -1;
    return before_key_.compare(after_key_);
  }
  static void read_key(const TreeCursor& cursor, Bytes& key) {
    key.clear();
    cursor.node().append_key(cursor.index(), key);
  }

  TreeCursor before_, after_;
  bool equal_ = false;
  Bytes before_key_, after_key_;  // of the entries in front; kept to reuse their memory
  Bytes key_;
  OptionalEntry before_entry_, after_entry_;
};

// Whether what an entry says of its own, without its child, is equal.
bool same_payload(const OptionalEntry& before, const OptionalEntry& after) {
  bool b = before && before->has_payload(), a = after && after->has_payload();
  if (!a || !b) return a == b;
  return before->kind == after->kind && before->payload_form == after->payload_form &&
         before->inlined == after->inlined && before->object == after->object &&
         before->payload_size == after->payload_size;
}

Result<Tree> child_or_empty(const Tree& tree, const OptionalEntry& entry) {
  return entry ? tree.child(*entry) : Result<Tree>(Tree(tree.objects()));
}

Result<Flow> diff_below(const Tree& before, const Tree& after, Bytes& path,
                        const DiffVisitor& visit) {
  DiffStream stream(before, after);
  for (;;) {
    auto more = stream.next();
    if (!more) return pass_on(more);
    if (!*more) return Flow::go_on;
    const OptionalEntry &b = stream.before(), &a = stream.after();
    size_t above = path.size();
    if (above > 0) path.push_back('/');
    path.append(stream.key());
    if (!same_payload(b, a)) {
      auto with_payload = [](const OptionalEntry& entry) {
        return entry && entry->has_payload() ? entry : std::nullopt;
      };
      if (visit(path, with_payload(b), with_payload(a)) == Flow::stop) return Flow::stop;
    }
    if ((b && b->has_child()) || (a && a->has_child())) {
      auto b_child = child_or_empty(before, b), a_child = child_or_empty(after, a);
      if (!b_child) return pass_on(b_child);
      if (!a_child) return pass_on(a_child);
      auto flow = diff_below(*b_child, *a_child, path, visit);
      if (!flow || *flow == Flow::stop) return flow;
    }
    path.resize(above);
  }
}

}  // namespace

Result<void> diff(const Tree& before, const Tree& after, const DiffVisitor& visit) {
  return diff_from({}, before, after, visit);
}

Result<void> diff_from(BytesView from, const Tree& before, const Tree& after,
                       const DiffVisitor& visit) {
  DiffStream stream(before, after);
  if (!from.empty()) {
    if (auto ok = stream.seek(from); !ok) return ok;
  }
  for (;;) {
    auto more = stream.next();
    if (!more) return pass_on(more);
    if (!*more || visit(stream.key(), stream.before(), stream.after()) == Flow::stop) return {};
  }
}

Result<void> diff_paths(const Tree& before, const Tree& after, const DiffVisitor& visit) {
  Bytes path;
  auto flow = diff_below(before, after, path, visit);
  if (!flow) return pass_on(flow);
  return {};
}

}  // namespace ukstore
