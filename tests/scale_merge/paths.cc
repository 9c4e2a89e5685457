#include <ukstore/tests/scale_merge/paths.h>

#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>

namespace ukstore::tests {
namespace {

using Do = PathOp::Do;

std::string value_of(const PathOp& op) { return "v" + std::to_string(op.value); }
// Every third content is too long to stand in a header, every seventh too long for an entry.
Bytes content(const PathOp& op) {
  size_t repeat = op.value % 3 == 2 ? 20 : 1;
  if (op.value % 7 == 5) repeat = 40;
  Bytes bytes;
  for (size_t i = 0; i < repeat; ++i) bytes += value_of(op);
  return bytes;
}
int64_t amount(const PathOp& op) { return op.value % 2 ? op.value : -int64_t{op.value} - 1; }

void apply_to(Tx& tx, const PathOp& op) {
  const Bytes& path = paths()[op.path];
  switch (op.what) {
    case Do::set_file:
      return tx.set(path, content(op));
    case Do::set_executable:
      return tx.set(path, content(op), Kind::executable);
    case Do::remove:
      return tx.remove(path);
    case Do::remove_all:
      return tx.remove("");
    case Do::create_map:
      return tx.at<Map<>>(path).create();
    case Do::add:
      return tx.at<Counter>(path).add(amount(op));
    case Do::reset:
      return tx.at<Counter>(path).reset();
    case Do::write_mv:
      return tx.at<MultiValue<>>(path).write(content(op));
    case Do::write_lww:
      return tx.at<LastWriter<>>(path).write(content(op));
    case Do::enable:
      return tx.at<Flag>(path).enable();
    case Do::disable:
      return tx.at<Flag>(path).disable();
    case Do::insert:
      return tx.at<Set<>>(path).insert(value_of(op));
    case Do::erase:
      return tx.at<Set<>>(path).erase(value_of(op));
    case Do::clear:
      return tx.at<Set<>>(path).clear();
    case Do::append:
      return tx.at<AppendLog<>>(path).append(content(op));
    case Do::count:
      break;
  }
}

void dump(const Tree& tree, Bytes& to) {
  append_le<uint32_t>(to, static_cast<uint32_t>(tree.count()));
  auto ok = tree.scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    append_le<uint32_t>(to, static_cast<uint32_t>(key.size()));
    to += key;
    to.push_back(static_cast<char>(entry.kind));
    to.push_back(static_cast<char>(entry.has_payload()));
    Bytes payload = tree.read(entry).value();
    append_le<uint32_t>(to, static_cast<uint32_t>(payload.size()));
    to += payload;
    dump(tree.child(entry).value(), to);
    return Flow::go_on;
  });
  if (!ok) std::abort();
}

Result<Tree> undump(const Tree& empty, BytesView& from) {
  auto number = [&] {
    uint32_t value = load_le<uint32_t>(from.data());
    from.remove_prefix(4);
    return value;
  };
  auto bytes = [&](size_t size) {
    Bytes taken(from.substr(0, size));
    from.remove_prefix(size);
    return taken;
  };
  Tree tree = empty;
  // One edit at a time, from the last key to the first: another order than any writer's.
  std::vector<Edit> edits;
  for (uint32_t n = number(); n > 0; --n) {
    Edit edit{.key = bytes(number())};
    edit.kind = static_cast<uint8_t>(bytes(1)[0]);
    edit.payload = bytes(1)[0] ? Edit::Part::set : Edit::Part::drop;
    edit.new_payload = bytes(number());
    auto child = undump(empty, from);
    if (!child) return child;
    edit.child = Edit::Part::set;
    edit.new_child = std::make_shared<Tree>(std::move(*child));
    edits.push_back(std::move(edit));
  }
  for (size_t i = edits.size(); i-- > 0;) {
    auto next = tree.apply(std::span(&edits[i], 1));
    if (!next) return next;
    tree = std::move(*next);
  }
  return tree;
}

}  // namespace

const std::vector<Bytes>& paths() {
  static const std::vector<Bytes> all{"a", "a/b", "a/b/c", "d", "a/e"};
  return all;
}

std::vector<NamedMix> mixes() {
  Mix all;
  for (int i = 0; i < static_cast<int>(Do::count); ++i) all.push_back(static_cast<Do>(i));
  return {
      {"bytes", {Do::set_file, Do::set_file, Do::set_executable, Do::remove}, 2},
      {"counter", {Do::add, Do::add, Do::add, Do::reset, Do::remove}},
      {"last-writer register", {Do::write_lww, Do::write_lww, Do::remove}},
      {"multi-value register", {Do::write_mv, Do::write_mv, Do::remove}},
      {"flag", {Do::enable, Do::disable, Do::enable, Do::disable, Do::remove}},
      {"set", {Do::insert, Do::insert, Do::insert, Do::erase, Do::clear, Do::remove}},
      {"map", {Do::create_map, Do::insert, Do::erase, Do::add, Do::set_file, Do::remove}, 4},
      {"log", {Do::append, Do::append, Do::append, Do::remove}},
      {"everything", all, 5},
  };
}

State PathSubject::apply(const State& state, const Op& op, const Dot& dot) const {
  Tx tx(state, DotMint(dot.generation, dot.replica, dot.number));
  apply_to(tx, op);
  auto next = tx.finish();
  if (!next || tx.mint_left().next_number() - dot.number > laws::kDotsPerOp) std::abort();
  return std::move(*next);
}

Result<State> PathSubject::merge(const State& base, const State& ours, const State& theirs) const {
  struct NoGraph final : MergeGraph {
    Result<Tree> tree(const GraphCommit&) const override { std::abort(); }
    Result<std::vector<GraphCommit>> bases(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
    Result<bool> is_ancestor(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
    Result<bool> has_ordinary_beyond(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
  } none;
  TypeRegistry types;
  auto merged = MergeEngine(none, types).merge_trees(base.tree(), ours.tree(), theirs.tree());
  if (!merged) return pass_on(merged);
  return State(std::move(*merged));
}

Bytes PathSubject::encode(const State& state) const {
  Bytes bytes(state.hash().view());
  dump(state.tree(), bytes);
  return bytes;
}

Result<State> PathSubject::decode(BytesView bytes) const {
  Hash hash = Hash::load(bytes.data());
  bytes.remove_prefix(sizeof hash.bytes);
  auto tree = undump(Tree(objects_), bytes);
  if (!tree) return pass_on(tree);
  if (tree->hash() != hash) return fail(Error::Kind::corrupt, "other contents under this root");
  return State(std::move(*tree));
}

PathOp PathSubject::random_op(laws::Random& random) const {
  return {mix_.mix[random() % mix_.mix.size()], static_cast<uint8_t>(random() % mix_.paths),
          static_cast<uint8_t>(random() % (mix_.paths > 1 ? 8 : 3))};
}

std::string PathSubject::print(const Op& op) const {
  static constexpr const char* kNames[] = {"set",     "set x",  "rm",    "rm all", "mkmap",
                                           "add",     "reset",  "mv",    "lww",    "enable",
                                           "disable", "insert", "erase", "clear",  "append"};
  return std::string(kNames[static_cast<size_t>(op.what)]) + " " + paths()[op.path] + " " +
         std::to_string(op.value);
}

std::vector<PathOp> PathSubject::small_ops() const {
  std::vector<PathOp> ops;
  for (Do what : mix_.mix) {
    bool again = std::ranges::any_of(ops, [&](const PathOp& op) { return op.what == what; });
    if (!again && ops.size() < 3) ops.push_back({what, 0, 1});
  }
  if (ops.back().what != mix_.mix.back()) ops.back() = {mix_.mix.back(), 0, 1};
  return ops;
}

namespace {

void append_list(std::string& to, std::vector<std::string> items) {
  std::ranges::sort(items);
  for (const std::string& item : items) to += " " + item;
}

template <class T>
T sure(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

}  // namespace

std::string PathSubject::view(const State& state) const {
  std::string text;
  for (size_t p = 0; p < mix_.paths; ++p) {
    const Bytes& path = paths()[p];
    auto value = sure(state.value(path));
    if (!value) continue;
    text += path + ":";
    std::vector<std::string> live;
    for (const LiveEntry& entry : value->live) {
      Bytes bytes;
      if (is_valued(entry.kind)) bytes = sure(PayloadReader(objects_, entry.value).read_all());
      live.push_back(name(entry.kind) + "=" + bytes);
    }
    append_list(text, live);
    if (value->has_entries_below) text += " below";
    text += " +" + std::to_string(sure(state.at<Counter>(path).value()));
    append_list(text += " mv", sure(state.at<MultiValue<>>(path).values()));
    text += " lww " + sure(state.at<LastWriter<>>(path).value()).value_or("-");
    text += sure(state.at<Flag>(path).is_on()) ? " on" : " off";
    append_list(text += " set", sure(state.at<Set<>>(path).elements()));
    text += " log";
    for (const Bytes& entry : sure(state.at<AppendLog<>>(path).entries())) text += " " + entry;
    text += "\n";
  }
  return text;
}

namespace {

// What an operation put there.
struct Mark {
  size_t event;
  Bytes path;
  Kind kind;
  enum class Is { entry, element } is;
  Bytes slot;  // the content of a file, an element, a value
  int64_t amount = 0;
  laws::EventSet removed_by{};
};

class Specification {
 public:
  explicit Specification(const laws::History<PathOp>& history) : history_(history) {
    for (size_t i = 0; i < history.size(); ++i) take(i);
  }
  bool is_live(const Mark& mark) const { return (mark.removed_by & history_.visible()).none(); }
  std::string view(size_t path_count) const;

 private:
  static bool is_below(const Bytes& path, const Bytes& above) {
    return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
  }
  struct Taking;
  void take(size_t i);
  void take_entry(const PathOp& op, Taking& to);
  void take_value(const PathOp& op, Taking& to);
  bool is_there_already(const std::vector<Mark*>& seen, const Bytes& path, Kind kind,
                        const Bytes& slot) const;
  // What a write at `path` that keeps the value of `kept` removes.
  static bool gives_way(const Mark& mark, const Bytes& path, Kind kept);

  const laws::History<PathOp>& history_;
  std::vector<Mark> marks_;
};

bool Specification::gives_way(const Mark& mark, const Bytes& path, Kind kept) {
  if (mark.path == path) return mark.is == Mark::Is::entry || mark.kind != kept;
  if (is_below(mark.path, path)) return kept != Kind::map;
  return is_below(path, mark.path) && mark.kind != Kind::map;
}

bool Specification::is_there_already(const std::vector<Mark*>& seen, const Bytes& path, Kind kind,
                                     const Bytes& slot) const {
  bool there = false;
  for (const Mark* mark : seen) {
    if (is_below(mark->path, path)) return false;
    if (is_below(path, mark->path) && mark->kind != Kind::map) return false;
    if (mark->path != path) continue;
    if (mark->is == Mark::Is::element || mark->kind != kind || mark->slot != slot) return false;
    there = true;
  }
  return there;
}

// One operation: what it saw, and what it makes of it.
struct Specification::Taking {
  size_t i;    // in the history
  size_t own;  // in all that happened
  const Bytes& path;
  std::vector<Mark*> seen;
  std::vector<Mark> added{};

  template <class Which>
  size_t removes(Which&& which) {
    size_t count = 0;
    for (Mark* mark : seen) {
      if (!which(*mark)) continue;
      mark->removed_by.set(own);
      ++count;
    }
    return count;
  }
  size_t removes_elements(Kind kind, std::optional<Bytes> slot = {}) {
    return removes([&](const Mark& mark) { return is_element(mark, kind, slot); });
  }
  void writes(Kind kind, Bytes slot = {}) {
    removes([&](const Mark& mark) { return gives_way(mark, path, kind); });
    added.push_back({i, path, kind, Mark::Is::entry, std::move(slot)});
  }
  void adds_element(Kind kind, Bytes slot, int64_t amount = 0) {
    added.push_back({i, path, kind, Mark::Is::element, std::move(slot), amount});
  }
  bool is_element(const Mark& mark, Kind kind, const std::optional<Bytes>& slot = {}) const {
    return mark.path == path && mark.is == Mark::Is::element && mark.kind == kind &&
           (!slot || mark.slot == *slot);
  }
};

void Specification::take(size_t i) {
  const PathOp& op = history_.op(i);
  const laws::EventSet& sees = history_.all()[history_.index(i)].sees;
  Taking taking{i, history_.index(i), paths()[op.path], {}};
  for (Mark& mark : marks_) {
    if (sees[history_.index(mark.event)] && (mark.removed_by & sees).none()) {
      taking.seen.push_back(&mark);
    }
  }
  if (op.what < Do::add) {
    take_entry(op, taking);
  } else {
    take_value(op, taking);
  }
  std::ranges::move(taking.added, std::back_inserter(marks_));
}

void Specification::take_entry(const PathOp& op, Taking& to) {
  Kind kind = op.what == Do::set_executable ? Kind::executable : Kind::file;
  switch (op.what) {
    case Do::set_file:
    case Do::set_executable:
      if (!is_there_already(to.seen, to.path, kind, content(op))) to.writes(kind, content(op));
      break;
    case Do::remove:
      to.removes(
          [&](const Mark& mark) { return mark.path == to.path || is_below(mark.path, to.path); });
      break;
    case Do::remove_all:
      to.removes([](const Mark&) { return true; });
      break;
    default: {
      bool there = std::ranges::any_of(
          to.seen, [&](Mark* mark) { return mark->path == to.path && mark->kind == Kind::map; });
      if (!there) to.writes(Kind::map);
    }
  }
}

void Specification::take_value(const PathOp& op, Taking& to) {
  switch (op.what) {
    case Do::add: {
      int64_t sum = amount(op);
      to.removes([&](const Mark& mark) {
        bool own = to.is_element(mark, Kind::counter) &&
                   history_.dot(mark.event).replica == history_.dot(to.i).replica;
        if (own) sum += mark.amount;
        return own;
      });
      to.writes(Kind::counter);
      to.adds_element(Kind::counter, {}, sum);
      break;
    }
    case Do::reset:
      to.removes_elements(Kind::counter);
      to.writes(Kind::counter);
      break;
    case Do::write_mv:
    case Do::write_lww: {
      Kind kind = op.what == Do::write_mv ? Kind::multi_value : Kind::last_writer;
      to.removes_elements(kind);
      to.writes(kind);
      to.adds_element(kind, content(op));
      break;
    }
    case Do::enable:
    case Do::disable:
      to.removes_elements(Kind::flag);
      to.writes(Kind::flag);
      if (op.what == Do::enable) to.adds_element(Kind::flag, {});
      break;
    case Do::insert:
      to.removes_elements(Kind::set, value_of(op));
      to.writes(Kind::set);
      to.adds_element(Kind::set, value_of(op));
      break;
    case Do::erase:
      if (to.removes_elements(Kind::set, value_of(op)) > 0) to.writes(Kind::set);
      break;
    case Do::clear:
      if (to.removes_elements(Kind::set) > 0) to.writes(Kind::set);
      break;
    default:
      to.writes(Kind::log);
      to.adds_element(Kind::log, content(op));
  }
}

std::string Specification::view(size_t path_count) const {
  std::string text;
  for (size_t p = 0; p < path_count; ++p) {
    const Bytes& path = paths()[p];
    std::vector<std::string> live;
    std::map<Kind, std::vector<std::pair<Dot, const Mark*>>> values;
    bool below = false;
    for (const Mark& mark : marks_) {
      if (!is_live(mark)) continue;
      below |= is_below(mark.path, path);
      if (mark.path != path) continue;
      if (mark.is == Mark::Is::entry) {
        live.push_back(name(mark.kind) + "=" + mark.slot);
      } else {
        values[mark.kind].emplace_back(history_.dot(mark.event), &mark);
      }
    }
    if (live.empty() && !below) continue;
    for (auto& [kind, marks] : values) std::ranges::sort(marks);
    auto slots = [&](Kind kind, bool once) {
      std::vector<std::string> found;
      for (auto& [dot, mark] : values[kind]) {
        if (!once || std::ranges::find(found, mark->slot) == found.end()) {
          found.push_back(mark->slot);
        }
      }
      return found;
    };
    text += path + ":";
    append_list(text, live);
    if (below) text += " below";
    int64_t sum = 0;
    for (auto& [dot, mark] : values[Kind::counter]) sum += mark->amount;
    text += " +" + std::to_string(sum);
    append_list(text += " mv", slots(Kind::multi_value, true));
    auto& lww = values[Kind::last_writer];
    text += " lww " + (lww.empty() ? "-" : lww.back().second->slot);
    text += values[Kind::flag].empty() ? " off" : " on";
    append_list(text += " set", slots(Kind::set, true));
    text += " log";
    for (const std::string& entry : slots(Kind::log, false)) text += " " + entry;
    text += "\n";
  }
  return text;
}

}  // namespace

std::string PathSubject::spec(const laws::History<Op>& history) const {
  return Specification(history).view(mix_.paths);
}

}  // namespace ukstore::tests
