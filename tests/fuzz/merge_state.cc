// Foreign states: bytes of unknown origin as dots, headers and whole trees.  Never a crash; dots
// and headers that are accepted are canonical; three foreign states merge or fail with a typed
// error.
#include <ukstore/merge/engine.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>

#include <cstdlib>

using namespace ukstore;

namespace {

struct NoGraph final : MergeGraph {
  Result<Tree> tree(const GraphCommit&) const override { abort(); }
  Result<std::vector<GraphCommit>> bases(const GraphCommit&, const GraphCommit&) const override {
    abort();
  }
  Result<bool> is_ancestor(const GraphCommit&, const GraphCommit&) const override { abort(); }
  Result<bool> has_ordinary_beyond(const GraphCommit&, const GraphCommit&) const override {
    abort();
  }
};

BytesView take(BytesView& from, size_t size) {
  BytesView taken = from.substr(0, size);
  from.remove_prefix(taken.size());
  return taken;
}
uint8_t take_byte(BytesView& from) {
  BytesView one = take(from, 1);
  return one.empty() ? 0 : static_cast<uint8_t>(one.front());
}

void check_dots(BytesView bytes) {
  if (auto dots = decode_dots(bytes)) {
    Bytes again;
    append_dots(again, *dots);
    if (again != bytes) abort();
  }
}

void check_header(uint8_t kind, BytesView bytes) {
  auto beside = [](size_t i) -> Result<Payload> {
    return Payload{.form = PayloadForm::inlined, .inlined = Bytes(40 + i, 'x'), .size = 40 + i};
  };
  auto live = decode_header(kind, bytes, beside);
  if (!live) return;
  Header header = encode_header(*live);
  if (header.stored_kind != kind || header.bytes != bytes) abort();
  auto merged = three_way(*live, *live, *live);
  if (!merged || *merged != *live) abort();
}

// Entries with keys, kinds and payloads of the input's choice, nested by its choice.
Tree tree_of(const Tree& empty, BytesView& in, int depth) {
  std::map<Bytes, Edit> edits;
  for (int n = take_byte(in) % 6; n > 0 && !in.empty(); --n) {
    Bytes key;
    switch (take_byte(in) % 4) {
      case 0:
        key = value_key(static_cast<Kind>(16 + take_byte(in) % 8));
        break;
      case 1:
        key = Bytes(take(in, take_byte(in) % 24));
        break;
      default:
        key = Bytes(1, static_cast<char>('a' + take_byte(in) % 3));
    }
    if (key.empty()) key = "e";
    Edit edit{.key = key};
    if (take_byte(in) % 2) {
      edit.payload = Edit::Part::set;
      edit.kind = take_byte(in);
      edit.new_payload = Bytes(take(in, take_byte(in) % 70));
    }
    if (depth > 0 && take_byte(in) % 2) {
      edit.child = Edit::Part::set;
      edit.new_child = std::make_shared<Tree>(tree_of(empty, in, depth - 1));
    }
    edits.insert_or_assign(key, std::move(edit));
  }
  std::vector<Edit> sorted;
  for (auto& [key, edit] : edits) sorted.push_back(std::move(edit));
  auto tree = empty.apply(sorted);
  if (!tree) abort();
  return *tree;
}

void read_all(const Tree& tree) {
  State state(tree);
  (void)state.conflicts();
  auto names = state.list("");
  if (!names) return;
  for (const ListedName& listed : *names) {
    (void)state.get(listed.name);
    (void)state.value(listed.name);
    (void)state.at<Counter>(listed.name).value();
    (void)state.at<Flag>(listed.name).is_on();
    (void)state.at<MultiValue<>>(listed.name).values();
    (void)state.at<LastWriter<>>(listed.name).value();
    (void)state.at<Set<>>(listed.name).elements();
    (void)state.at<AppendLog<>>(listed.name).entries();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  BytesView in(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 3 == 0) {
    check_dots(in);
    return 0;
  }
  if (data[0] % 3 == 1) {
    uint8_t kind = take_byte(in);
    check_header(kind, in);
    return 0;
  }
  static const auto backend = make_memory_backend();
  static const ObjectStore objects(*backend);
  static const NoGraph none;
  Tree empty(objects);
  Tree base = tree_of(empty, in, 3), ours = tree_of(empty, in, 3), theirs = tree_of(empty, in, 3);
  for (const Tree* tree : {&base, &ours, &theirs}) read_all(*tree);
  TypeRegistry types;
  MergeEngine engine(none, types, {.steps_max = 100'000});
  // What no writer makes (a long value without its header, a value without its entry) may merge to
  // other garbage, one way or the other; it must only do no harm.
  for (const auto& [o, t] : {std::pair(ours, theirs), std::pair(theirs, ours)}) {
    if (auto merged = engine.merge_trees(base, o, t)) read_all(*merged);
  }
  return 0;
}
