#include <ukstore/merge/layout.h>

namespace ukstore {

Bytes beside_key(size_t index) {
  Bytes key(4, '\0');
  key[2] = static_cast<char>(index >> 8 & 0xff);
  key[3] = static_cast<char>(index & 0xff);
  return key;
}

Bytes value_key(Kind kind) { return Bytes({'\0', static_cast<char>(kind)}); }

Schema schema_of(Kind kind) {
  switch (kind) {
    case Kind::counter:
    case Kind::last_writer:
    case Kind::multi_value:
    case Kind::flag:
    case Kind::log:
      return Schema::dot_keyed;
    case Kind::set:
      return Schema::dot_sets;
    default:
      return is_user(kind) ? Schema::user_state : Schema::directory;
  }
}

Result<Slot> slot_of(BytesView key) {
  if (!is_reserved(key)) return Slot{Slot::Is::step};
  if (key.size() == 4 && key[1] == '\0') return Slot{Slot::Is::beside};
  if (key.size() == 2) {
    Kind kind = static_cast<Kind>(key[1]);
    if (is_typed(kind) && kind != Kind::map) return Slot{Slot::Is::value, kind};
  }
  return fail(Error::Kind::corrupt, "a directory holds the key " + printable(key));
}

Result<Live> read_live(const Tree& tree, const std::optional<Entry>& entry) {
  if (!entry || !entry->has_payload()) return Live{};
  auto beside = [&](size_t index) -> Result<Payload> {
    auto child = tree.child(*entry);
    if (!child) return pass_on(child);
    auto found = child->find(beside_key(index));
    if (!found) return pass_on(found);
    if (!*found) return fail(Error::Kind::corrupt, "a long value is missing beside its header");
    return child->payload(**found);
  };
  if (entry->payload_form == PayloadForm::inlined) {
    return decode_header(entry->kind, entry->inlined, beside);
  }
  auto bytes = tree.read(*entry);
  if (!bytes) return pass_on(bytes);
  return decode_header(entry->kind, *bytes, beside);
}

namespace {

Result<void> check_form(Kind kind, const Entry& entry) {
  if (entry.has_payload() && !entry.has_child()) return {};
  return fail(Error::Kind::corrupt, "a " + name(kind) + " holds an entry of the wrong form");
}

}  // namespace

bool has_dots_inline(const std::optional<Entry>& entry) {
  return !entry || (entry->payload_form == PayloadForm::inlined && !entry->has_child() &&
                    !entry->inlined.empty());
}

Result<Dots> read_dots(const Tree& tree, Kind kind, const std::optional<Entry>& entry) {
  if (!entry) return Dots{};
  if (auto ok = check_form(kind, *entry); !ok) return pass_on(ok);
  Bytes read;
  BytesView bytes = entry->inlined;
  if (entry->payload_form != PayloadForm::inlined) {
    auto all = tree.read(*entry);
    if (!all) return pass_on(all);
    read = std::move(*all);
    bytes = read;
  }
  auto dots = decode_dots(bytes);
  if (!dots) return dots;
  if (dots->empty()) return fail(Error::Kind::corrupt, "a " + name(kind) + " holds a dead element");
  return dots;
}

Result<Live> read_live(const Tree& tree, Schema schema, Kind kind, BytesView key,
                       const std::optional<Entry>& entry) {
  Live live;
  if (!entry) return live;
  if (schema == Schema::dot_keyed) {
    if (auto ok = check_form(kind, *entry); !ok) return pass_on(ok);
    auto dot = take_dot(key);
    if (!dot || !key.empty()) {
      return fail(Error::Kind::corrupt, "a " + name(kind) + " holds a key that is no dot");
    }
    live.push_back({*dot, kind, tree.payload(*entry)});
    return live;
  }
  auto dots = read_dots(tree, kind, entry);
  if (!dots) return pass_on(dots);
  for (const Dot& dot : *dots) live.push_back({dot, kind, {}});
  return live;
}

Result<Edit> write_live(Schema schema, BytesView key, const Live& live) {
  Edit edit{.key = Bytes(key)};
  if (live.empty()) {
    edit.payload = Edit::Part::drop;
    return edit;
  }
  edit.payload = Edit::Part::set;
  edit.kind = static_cast<uint8_t>(live.front().kind);
  if (schema == Schema::dot_keyed) {
    edit.new_payload = live.front().value;
  } else {
    Bytes bytes;
    for (const LiveEntry& entry : live) append_dot(bytes, entry.dot);
    edit.new_payload = std::move(bytes);
  }
  return edit;
}

}  // namespace ukstore
