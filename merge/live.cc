#include <ukstore/merge/live.h>

#include <ukstore/store/varint.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

std::unexpected<Error> bad_header(const char* what) {
  return fail(Error::Kind::corrupt, std::string("header of an entry: ") + what);
}

// Entries that say the same stand together, in the order of their first dots.
struct Group {
  Kind kind;
  Payload value;
  Dots dots;
};

std::vector<Group> grouped(const Live& live) {
  std::vector<Group> groups;
  for (const LiveEntry& entry : live) {
    auto same = std::ranges::find_if(groups, [&](const Group& group) {
      return group.kind == entry.kind && group.value == entry.value;
    });
    if (same == groups.end()) {
      groups.push_back({entry.kind, entry.value, {entry.dot}});
    } else {
      same->dots.push_back(entry.dot);
    }
  }
  return groups;
}

bool stands_in_header(const Payload& value) {
  return value.form == PayloadForm::inlined && value.inlined.size() <= kHeaderValueBytesMax;
}

// Takes one group off the front.
Result<Group> take_group(uint8_t stored_kind, BytesView& bytes, size_t& beside,
                         const ValueAt& value_at) {
  Group group{static_cast<Kind>(stored_kind), {}, {}};
  if (stored_kind == kMixedKinds) {
    if (bytes.empty()) return bad_header("it ends early");
    group.kind = static_cast<Kind>(bytes.front());
    bytes.remove_prefix(1);
  }
  if (!is_valued(group.kind) && !is_typed(group.kind)) return bad_header("unknown kind");
  auto count = take_varint(bytes);
  if (!count || *count == 0) return bad_header("no count of dots");
  for (uint64_t i = 0; i < *count; ++i) {
    auto dot = take_dot(bytes);
    if (!dot || (!group.dots.empty() && *dot <= group.dots.back())) return bad_header("bad dots");
    group.dots.push_back(*dot);
  }
  if (!is_valued(group.kind)) return group;
  auto length = take_varint(bytes);
  if (!length) return bad_header("no length of a value");
  if (*length == 0) {
    auto value = value_at(beside++);
    if (!value) return pass_on(value);
    if (value->form == PayloadForm::none || stands_in_header(*value)) {
      return bad_header("a value stands beside it that belongs inside");
    }
    group.value = std::move(*value);
    return group;
  }
  if (*length - 1 > kHeaderValueBytesMax || *length - 1 > bytes.size()) {
    return bad_header("a value is too long");
  }
  group.value = {.form = PayloadForm::inlined,
                 .inlined = Bytes(bytes.substr(0, *length - 1)),
                 .size = *length - 1};
  bytes.remove_prefix(*length - 1);
  return group;
}

}  // namespace

Result<Live> three_way(const Live& base, const Live& ours, const Live& theirs) {
  Live kept;
  auto b = base.begin(), o = ours.begin(), t = theirs.begin();
  while (o != ours.end() || t != theirs.end()) {
    bool in_ours = o != ours.end() && (t == theirs.end() || o->dot <= t->dot);
    bool in_theirs = t != theirs.end() && (o == ours.end() || t->dot <= o->dot);
    const LiveEntry& entry = in_ours ? *o : *t;
    while (b != base.end() && b->dot < entry.dot) ++b;
    bool in_base = b != base.end() && b->dot == entry.dot;
    if ((in_ours && in_theirs && *o != *t) || (in_base && *b != entry)) {
      return fail(Error::Kind::corrupt, "two different writes carry the dot " +
                                            to_string(entry.dot) +
                                            ": two writers used one replica id");
    }
    if ((in_ours && in_theirs) || !in_base) kept.push_back(entry);
    if (in_ours) ++o;
    if (in_theirs) ++t;
  }
  return kept;
}

bool disagree(const Live& live) {
  return std::ranges::any_of(live, [&](const LiveEntry& entry) {
    return entry.kind != live.front().kind || entry.value != live.front().value;
  });
}

bool has_kind(const Live& live, Kind kind) {
  return std::ranges::any_of(live, [&](const LiveEntry& entry) { return entry.kind == kind; });
}

Dots dots_of(const Live& live) {
  Dots dots;
  for (const LiveEntry& entry : live) dots.push_back(entry.dot);
  return dots;
}

std::vector<Term> terms_of(const Live& live) {
  std::vector<Term> terms;
  for (const LiveEntry& entry : live) {
    Term term{entry.kind, entry.value};
    if (std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
  }
  return terms;
}

Header encode_header(const Live& live) {
  assert(!live.empty());
  Header header;
  std::vector<Group> groups = grouped(live);
  bool mixed = std::ranges::any_of(
      groups, [&](const Group& group) { return group.kind != groups.front().kind; });
  header.stored_kind = mixed ? kMixedKinds : static_cast<uint8_t>(groups.front().kind);
  for (Group& group : groups) {
    if (mixed) header.bytes.push_back(static_cast<char>(group.kind));
    append_varint(header.bytes, group.dots.size());
    append_dots(header.bytes, group.dots);
    if (!is_valued(group.kind)) continue;
    if (stands_in_header(group.value)) {
      append_varint(header.bytes, group.value.inlined.size() + 1);
      header.bytes += group.value.inlined;
    } else {
      append_varint(header.bytes, 0);
      header.values.push_back(std::move(group.value));
    }
  }
  return header;
}

Result<Live> decode_header(uint8_t stored_kind, BytesView bytes, const ValueAt& value_at) {
  std::vector<Group> groups;
  size_t beside = 0;
  while (!bytes.empty()) {
    auto group = take_group(stored_kind, bytes, beside, value_at);
    if (!group) return pass_on(group);
    if (!groups.empty() && groups.back().dots.front() >= group->dots.front()) {
      return bad_header("groups are out of order");
    }
    groups.push_back(std::move(*group));
  }
  if (groups.empty()) return bad_header("nothing is live");
  Live live;
  bool mixed = false;
  for (const Group& group : groups) {
    mixed |= group.kind != groups.front().kind;
    for (const Dot& dot : group.dots) live.push_back({dot, group.kind, group.value});
    for (const Group& other : groups) {
      if (&other != &group && other.kind == group.kind && other.value == group.value) {
        return bad_header("two groups say the same");
      }
    }
  }
  if (mixed != (stored_kind == kMixedKinds)) return bad_header("the kind is not what it holds");
  std::ranges::sort(live, {}, &LiveEntry::dot);
  auto twice = std::ranges::adjacent_find(live, {}, &LiveEntry::dot);
  if (twice != live.end()) return bad_header("a dot stands twice");
  return live;
}

}  // namespace ukstore
