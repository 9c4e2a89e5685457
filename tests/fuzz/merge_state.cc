// Foreign states: bytes of unknown origin as dots, headers and whole trees.  Never a crash; dots
// and headers that are accepted are canonical; three foreign states merge or fail with a typed
// error.
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/fuzz/input.h>
#include <ukstore/tests/merge/foreign_world.h>

#include <cstdlib>

using namespace ukstore;
using fuzz::Input;
using tests::NoGraph;

namespace {

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
Tree tree_of(const Tree& empty, Input& in, int depth) {
  std::map<Bytes, Edit> edits;
  for (int n = in.byte() % 6; n > 0 && !in.empty(); --n) {
    Bytes key;
    switch (in.byte() % 4) {
      case 0:
        key = value_key(static_cast<Kind>(16 + in.byte() % 8));
        break;
      case 1:
        key = Bytes(in.take(in.byte() % 24));
        break;
      default:
        key = Bytes(1, static_cast<char>('a' + in.byte() % 3));
    }
    if (key.empty()) key = "e";
    Edit edit{.key = key};
    if (in.byte() % 2) {
      edit.payload = Edit::Part::set;
      edit.kind = in.byte();
      edit.new_payload = Bytes(in.take(in.byte() % 70));
    }
    if (depth > 0 && in.byte() % 2) {
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
  Input in(data + 1, size - 1);
  if (data[0] % 3 == 0) {
    check_dots(in.rest());
    return 0;
  }
  if (data[0] % 3 == 1) {
    uint8_t kind = in.byte();
    check_header(kind, in.rest());
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
