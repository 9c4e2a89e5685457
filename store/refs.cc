#include <ukstore/store/refs.h>

#include <ukstore/store/seal.h>

namespace ukstore {

Result<void> check_ref_name(BytesView name) {
  auto bad = [&](const char* why) {
    return fail(Error::Kind::invalid, "the name '" + printable(name.substr(0, 64)) + "' " + why);
  };
  if (name.empty() || name.size() > kRefNameBytesMax) return bad("is not 1 to 255 bytes long");
  if (name.find('\0') != BytesView::npos) return bad("holds a NUL");
  for (size_t start = 0; start <= name.size();) {
    size_t end = std::min(name.find('/', start), name.size());
    BytesView step = name.substr(start, end - start);
    if (step.empty()) return bad("starts or ends with '/' or holds \"//\"");
    if (step == "." || step == "..") return bad("holds the step '.' or '..'");
    start = end + 1;
  }
  return {};
}

std::optional<Head> unstaged(const std::optional<Head>& head) {
  if (!head) return head;
  return Head{unstaged(head->ref), head->kind};
}

std::vector<RefChange> unstaged(std::vector<RefChange> changes) {
  for (RefChange& change : changes) {
    change.before = unstaged(change.before);
    change.after = unstaged(change.after);
  }
  return changes;
}

ObjectRef settled(const ObjectRef& ref) {
  return ref.address.is_staged() ? ObjectRef{ref.hash, ref.address.staged()->written()} : ref;
}

std::vector<RefChange> settled(std::vector<RefChange> changes) {
  for (RefChange& change : changes) {
    if (change.before) change.before->ref = settled(change.before->ref);
    if (change.after) change.after->ref = settled(change.after->ref);
  }
  return changes;
}

void append_head(Bytes& to, const std::optional<Head>& head) {
  if (!head) {
    to.append(kHeadBytes, '\0');
    return;
  }
  ObjectRef ref = settled(head->ref);
  append_le<uint8_t>(to, static_cast<uint8_t>(head->kind));
  to += ref.hash.view();
  append_le<uint64_t>(to, ref.address.value());
}

std::optional<Head> read_head(ByteReader& in) {
  BytesView bytes = in.bytes(kHeadBytes);
  if (bytes.empty()) return std::nullopt;
  auto kind = static_cast<uint8_t>(bytes[0]);
  Head head{
      {Hash::load(bytes.data() + 1), Address::from_value(load_le<uint64_t>(bytes.data() + 33))},
      static_cast<ObjectKind>(kind)};
  bool known = kind <= static_cast<uint8_t>(ObjectKind::tag) && !head.ref.address.is_staged();
  bool empty = kind == 0 && bytes.find_first_not_of('\0') == BytesView::npos;
  if (!known || (kind == 0 && !empty)) in.bytes(UINT64_MAX);
  if (kind == 0) return std::nullopt;
  return head;
}

Bytes encode_head(BytesView key, const Head& head) {
  Bytes value;
  value.reserve(kHeadBytes + kSealBytes);
  append_head(value, head);
  return seal(key, std::move(value));
}

Result<Head> decode_head(BytesView key, BytesView value) {
  auto plain = unseal(key, value);
  if (!plain) return pass_on(plain);
  ByteReader in(*plain);
  std::optional<Head> head = read_head(in);
  if (in.complete() && head) return *head;
  return fail(Error::Kind::corrupt, "the record " + printable(key) + " is no head");
}

std::string describe(RefKind kind, BytesView name) {
  return (kind == RefKind::branch ? "branch " : "tag ") + printable(name);
}

std::string describe(const std::optional<Head>& head) {
  return head ? to_hex(head->ref.hash) : "absent";
}

}  // namespace ukstore
