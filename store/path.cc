#include <ukstore/store/tree.h>

#include <algorithm>

namespace ukstore {
namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(Error::Kind::invalid, std::move(message));
}

// How many bytes the UTF-8 character at the front takes; 0 if it is none, or a control character.
size_t printable_bytes(BytesView text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond U+10FFFF, and the control characters U+0080 to U+009F.
  bool bad = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f) ||
             (byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f) ||
             (byte(0) == 0xc2 && byte(1) < 0xa0);
  return bad ? 0 : size;
}

}  // namespace

std::string printable(BytesView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  while (!bytes.empty()) {
    size_t size = printable_bytes(bytes);
    if (size > 0 && bytes[0] != '\\') {
      text.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      continue;
    }
    uint8_t byte = static_cast<uint8_t>(bytes[0]);
    if (byte == '\\') {
      text += "\\\\";
    } else {
      text.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]});
    }
    bytes.remove_prefix(1);
  }
  return text;
}

Result<void> check_key(BytesView key) {
  if (key.empty()) return invalid("a key is empty; keys are 1 to 512 bytes");
  if (key.size() <= kKeyBytesMax) return {};
  return invalid("the key \"" + printable(key.substr(0, 40)) + "...\" is " +
                 std::to_string(key.size()) + " bytes long; keys are 1 to 512 bytes");
}

Result<void> check_path(BytesView path) {
  auto refuse = [&](const char* why) {
    const bool is_long = path.size() > 80;
    return invalid("the path \"" + printable(path.substr(0, is_long ? 77 : path.size())) +
                   (is_long ? "...\"" : "\"") + why);
  };
  if (path.empty()) return {};
  if (path.size() > kPathBytesMax) return refuse(" is longer than 4,096 bytes");
  if (path.find('\0') != BytesView::npos) return refuse(" holds a NUL byte");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end == begin) return refuse(" has an empty step; write steps as a/b/c");
    if (end - begin > kStepBytesMax) return refuse(" has a step of over 255 bytes");
    begin = end + 1;
  }
  return {};
}

std::vector<BytesView> split_path(BytesView path) {
  std::vector<BytesView> steps;
  while (!path.empty()) {
    size_t slash = path.find('/');
    steps.push_back(path.substr(0, slash));
    if (slash == BytesView::npos) return steps;
    path.remove_prefix(slash + 1);
    if (path.empty()) steps.push_back(path);  // a trailing slash: an empty step
  }
  return steps;
}

Edit Edit::put(Bytes key, uint8_t kind, std::variant<Bytes, Payload> payload) {
  return {.key = std::move(key),
          .payload = Part::set,
          .kind = kind,
          .new_payload = std::move(payload),
          .child = Part::drop};
}

Edit Edit::remove(Bytes key) {
  return {.key = std::move(key), .payload = Part::drop, .child = Part::drop};
}

Edit Edit::put_tree(Bytes key, Tree tree) {
  return {.key = std::move(key),
          .payload = Part::drop,
          .child = Part::set,
          .new_child = std::make_shared<const Tree>(std::move(tree))};
}

Edit Edit::inside(Bytes key, std::vector<Edit> child_edits) {
  return {.key = std::move(key), .child = Part::edit, .child_edits = std::move(child_edits)};
}

// The node of a path, made with its ancestors.  `Above::gives_way`: a payload at a proper prefix
// goes, as something is written below it.
PathEdits::Node& PathEdits::node(BytesView path, Above above) {
  if (auto ok = check_path(path); !ok && !error_) error_ = ok.error();
  if (path.empty() && !error_) {
    error_ = Error{Error::Kind::invalid, "the root is a directory; it holds no value itself"};
  }
  Node* node = &root_;
  if (error_) return *node;
  for (BytesView step : split_path(path)) {
    if (above == Above::gives_way) node->gives_way = true;
    auto found = node->children.find(step);
    if (found == node->children.end()) found = node->children.try_emplace(Bytes(step)).first;
    node = &found->second;
  }
  return *node;
}

void PathEdits::replace(BytesView path, Above above, Edit edit) {
  Node& at = node(path, above);
  if (!error_) at = Node{.edit = std::move(edit)};
}

PathEdits& PathEdits::set(BytesView path, std::variant<Bytes, Payload> payload, uint8_t kind) {
  replace(path, Above::gives_way, Edit::put({}, kind, std::move(payload)));
  return *this;
}

PathEdits& PathEdits::set_tree(BytesView path, Tree tree) {
  Above above = tree.empty() ? Above::stays : Above::gives_way;
  replace(path, above, Edit::put_tree({}, std::move(tree)));
  return *this;
}

PathEdits& PathEdits::remove(BytesView path) {
  replace(path, Above::stays, Edit::remove({}));
  return *this;
}

Result<std::vector<Edit>> PathEdits::edits_of(const Node& node, const Tree& empty) {
  std::vector<Edit> edits;
  for (const auto& [step, below] : node.children) {
    Edit edit = below.edit ? *below.edit : Edit{};
    edit.key = step;
    if (!below.children.empty()) {
      auto inner = edits_of(below, empty);
      if (!inner) return inner;
      if (below.gives_way) edit.payload = Edit::Part::drop;
      if (below.edit) {
        // Something was set or removed here, and then edited below.
        const Tree& base = edit.child == Edit::Part::set ? *edit.new_child : empty;
        auto child = base.apply(*inner);
        if (!child) return pass_on(child);
        edit.child = Edit::Part::set;
        edit.new_child = std::make_shared<const Tree>(std::move(*child));
      } else {
        edit.child = Edit::Part::edit;
        edit.child_edits = std::move(*inner);
      }
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

Result<Tree> PathEdits::apply_to(const Tree& tree) const {
  if (error_) return std::unexpected(*error_);
  auto edits = edits_of(root_, Tree(tree.objects()).in(tree.arena()));
  if (!edits) return pass_on(edits);
  return tree.apply(*edits);
}

Result<Tree> Tree::set(BytesView path, BytesView payload, uint8_t kind) const {
  return PathEdits().set(path, Bytes(payload), kind).apply_to(*this);
}

Result<Tree> Tree::set_tree(BytesView path, const Tree& tree) const {
  if (path.empty()) return tree.in(arena());
  return PathEdits().set_tree(path, tree).apply_to(*this);
}

Result<Tree> Tree::remove(BytesView path) const {
  if (path.empty()) return Tree(*objects_).in(arena_);
  return PathEdits().remove(path).apply_to(*this);
}

}  // namespace ukstore
