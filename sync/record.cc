#include <ukstore/sync/record.h>

#include <ukstore/store/varint.h>

namespace ukstore {
namespace {

constexpr uint8_t kCanonicalMerge = 1, kAuthor = 2, kCommitter = 4;
constexpr int kFromShift = 4;

std::unexpected<Error> corrupt(const char* what) {
  return fail(Error::Kind::corrupt, std::string("a record: ") + what);
}

// Numbers near zero of either sign in few bytes.
uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void append_text(Bytes& to, BytesView text) {
  append_varint(to, text.size());
  to += text;
}

std::optional<Bytes> take_text(BytesView& from) {
  auto size = take_varint(from);
  if (!size || *size > from.size()) return std::nullopt;
  Bytes text(from.substr(0, *size));
  from.remove_prefix(*size);
  return text;
}

void append_signature(Bytes& to, const std::optional<Signature>& signature) {
  if (!signature) return;
  append_text(to, signature->name);
  append_varint(to, zigzag(signature->seconds));
  append_varint(to, zigzag(signature->offset_minutes));
}

std::optional<Signature> take_signature(BytesView& from) {
  auto name = take_text(from);
  auto seconds = take_varint(from), offset = take_varint(from);
  if (!name || !seconds || !offset || *offset > UINT32_MAX) return std::nullopt;
  return Signature{std::move(*name), unzigzag(*seconds), static_cast<int32_t>(unzigzag(*offset))};
}

std::optional<Bytes> take_bytes(BytesView& from, size_t size) {
  if (from.size() < size) return std::nullopt;
  Bytes bytes(from.substr(0, size));
  from.remove_prefix(size);
  return bytes;
}

}  // namespace

void append_record(Bytes& to, RecordType type, BytesView body) {
  to.push_back(static_cast<char>(type));
  append_text(to, body);
}

Result<Record> take_record(BytesView& from) {
  auto type = take_bytes(from, 1);
  auto size = take_varint(from);
  if (!type || !size || *size > from.size()) return corrupt("it ends early");
  auto number = static_cast<uint8_t>(type->front());
  if (number > static_cast<uint8_t>(RecordType::publish)) {
    return fail(Error::Kind::unsupported, "a record of type " + std::to_string(number));
  }
  Record record{static_cast<RecordType>(number), from.substr(0, *size)};
  from.remove_prefix(*size);
  return record;
}

void append_header(Bytes& to, const CommitHeader& header, const NameTable& names) {
  const Commit& commit = header.commit;
  uint8_t flags = (commit.canonical_merge ? kCanonicalMerge : 0) | (commit.author ? kAuthor : 0) |
                  (commit.committer ? kCommitter : 0) |
                  static_cast<uint8_t>(header.base.from) << kFromShift;
  to.push_back(static_cast<char>(flags));
  append_varint(to, commit.generation);
  to += commit.tree.hash.view();
  append_varint(to, commit.parents.size());
  for (const ObjectRef& parent : commit.parents) names.append_name(to, parent.hash);
  if (header.base.from == Base::From::edits_of_parent && commit.parents.size() > 1) {
    append_varint(to, header.base.parent);
  }
  if (commit.canonical_merge) return;
  append_signature(to, commit.author);
  append_signature(to, commit.committer);
  append_text(to, commit.message);
  append_varint(to, commit.headers.size());
  for (const auto& [name, value] : commit.headers) {
    append_text(to, name);
    append_text(to, value);
  }
}

namespace {

// The parts of an ordinary commit behind its parents.
bool take_words(BytesView& from, uint8_t flags, Commit& commit) {
  if (flags & kAuthor && !(commit.author = take_signature(from))) return false;
  if (flags & kCommitter && !(commit.committer = take_signature(from))) return false;
  auto message = take_text(from);
  auto headers = take_varint(from);
  if (!message || !headers) return false;
  commit.message = std::move(*message);
  for (uint64_t i = 0; i < *headers; ++i) {
    auto name = take_text(from);
    auto value = name ? take_text(from) : std::nullopt;
    if (!value) return false;
    commit.headers.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

bool fits(const Base& base, size_t parents) {
  switch (base.from) {
    case Base::From::edits_of_empty:
    case Base::From::objects:
      return true;
    case Base::From::edits_of_parent:
      return base.parent < parents;
    case Base::From::edits_of_merge:
    case Base::From::merge:
      return parents >= 2;
  }
  return false;
}

}  // namespace

Result<CommitHeader> take_header(BytesView& from, const NameTable& names) {
  auto flags_byte = take_bytes(from, 1);
  if (!flags_byte) return corrupt("a commit ends early");
  const auto flags = static_cast<uint8_t>(flags_byte->front());
  auto generation = take_varint(from);
  auto tree = generation ? take_bytes(from, sizeof(Hash::bytes)) : std::nullopt;
  auto parents = tree ? take_varint(from) : std::nullopt;
  if (!parents || *parents > UINT16_MAX || flags & 8) return corrupt("a commit ends early");
  CommitHeader header;
  Commit& commit = header.commit;
  header.base.from = static_cast<Base::From>(flags >> kFromShift);
  commit.canonical_merge = flags & kCanonicalMerge;
  commit.generation = *generation;
  commit.tree.hash = Hash::load(tree->data());
  for (uint64_t i = 0; i < *parents; ++i) {
    auto name = names.take_name(from);
    if (!name) return pass_on(name);
    commit.parents.push_back({*name, {}});
  }
  if (header.base.from == Base::From::edits_of_parent && *parents > 1) {
    auto parent = take_varint(from);
    if (!parent || *parent >= *parents) return corrupt("a base that is no parent");
    header.base.parent = static_cast<uint16_t>(*parent);
  }
  if (!fits(header.base, commit.parents.size())) return corrupt("a base that cannot be");
  bool more = flags & (kAuthor | kCommitter);
  if (commit.canonical_merge ? more : !take_words(from, flags, commit)) {
    return corrupt("a commit that is none");
  }
  if (auto ok = check(commit); !ok) return fail(Error::Kind::corrupt, ok.error().message);
  return header;
}

}  // namespace ukstore
