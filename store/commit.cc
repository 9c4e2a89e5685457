#include <ukstore/store/commit.h>

#include <ukstore/store/byte_reader.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kCanonicalMerge = 1, kAuthor = 2, kCommitter = 4;  // flags of a commit
constexpr uint8_t kTagger = 1;                                       // of a tag
using Headers = std::vector<std::pair<Bytes, Bytes>>;

std::unexpected<Error> bad(Error::Kind kind, const char* what) { return fail(kind, what); }

bool holds_any(BytesView text, BytesView bytes) {
  return text.find_first_of(bytes) != BytesView::npos;
}

// The rules that encoder and decoder share; they differ in whom they blame.
Result<void> check_signature(const std::optional<Signature>& signature, Error::Kind blame) {
  if (signature && holds_any(signature->name, BytesView("\0\n", 2))) {
    return bad(blame, "a signature's name holds a NUL or newline");
  }
  return {};
}

Result<void> check_headers(const Headers& headers, Error::Kind blame) {
  if (headers.size() > UINT16_MAX) return bad(blame, "more than 65,535 headers");
  if (!std::ranges::is_sorted(headers))
    return bad(blame, "headers are not sorted by name and value");
  for (const auto& [name, value] : headers) {
    if (name.empty() || holds_any(name, BytesView("\0 \n", 3))) {
      return bad(blame, "a header's name is empty or holds a NUL, space or newline");
    }
  }
  return {};
}

Result<void> check_commit(const Commit& commit, Error::Kind blame) {
  if (commit.parents.size() > UINT16_MAX) return bad(blame, "more than 65,535 parents");
  for (size_t i = 1; i < commit.parents.size(); ++i) {
    if (commit.parents[i - 1].hash >= commit.parents[i].hash) {
      return bad(blame, "a commit's parents are not sorted and unique");
    }
  }
  if (commit.parents.empty() ? commit.generation != 1 : commit.generation < 2) {
    return bad(blame, "a commit's generation does not fit its parents");
  }
  if (commit.canonical_merge) {
    bool more =
        commit.author || commit.committer || !commit.message.empty() || !commit.headers.empty();
    if (more) return bad(blame, "a canonical merge has an author, committer, message or header");
    if (commit.parents.size() < 2)
      return bad(blame, "a canonical merge has fewer than two parents");
  }
  for (const auto* signature : {&commit.author, &commit.committer}) {
    if (auto ok = check_signature(*signature, blame); !ok) return ok;
  }
  return check_headers(commit.headers, blame);
}

Result<void> check_tag(const Tag& tag, Error::Kind blame) {
  if (tag.target_kind < ObjectKind::leaf || tag.target_kind > ObjectKind::tag) {
    return bad(blame, "a tag's target is of no known kind");
  }
  if (tag.name.empty() || holds_any(tag.name, BytesView("\0\n", 2))) {
    return bad(blame, "a tag's name is empty or holds a NUL or newline");
  }
  if (auto ok = check_signature(tag.tagger, blame); !ok) return ok;
  return check_headers(tag.headers, blame);
}

size_t encoded_bytes(const std::optional<Signature>& signature) {
  return signature ? 16 + signature->name.size() : 0;
}

size_t encoded_bytes(const Headers& headers) {
  size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += 8 + name.size() + value.size();
  return bytes;
}

size_t encoded_bytes(const Commit& commit) {
  return 48 + 32 * commit.parents.size() + encoded_bytes(commit.author) +
         encoded_bytes(commit.committer) + 4 + commit.message.size() +
         encoded_bytes(commit.headers);
}

size_t encoded_bytes(const Tag& tag) {
  return 12 + 32 + tag.name.size() + encoded_bytes(tag.tagger) + 4 + tag.message.size() +
         encoded_bytes(tag.headers);
}

void append_text(Bytes& to, BytesView text) {
  append_le<uint32_t>(to, static_cast<uint32_t>(text.size()));
  to += text;
}

void append_signature(Bytes& to, const std::optional<Signature>& signature) {
  if (!signature) return;
  append_le<uint64_t>(to, static_cast<uint64_t>(signature->seconds));
  append_le<uint32_t>(to, static_cast<uint32_t>(signature->offset_minutes));
  append_text(to, signature->name);
}

void append_headers(Bytes& to, const Headers& headers) {
  for (const auto& [name, value] : headers) {
    append_text(to, name);
    append_text(to, value);
  }
}

Bytes read_text(ByteReader& in) { return Bytes(in.bytes(in.integer<uint32_t>())); }

std::optional<Signature> read_signature(ByteReader& in) {
  Signature signature;
  signature.seconds = static_cast<int64_t>(in.integer<uint64_t>());
  signature.offset_minutes = static_cast<int32_t>(in.integer<uint32_t>());
  signature.name = read_text(in);
  return signature;
}

Headers read_headers(ByteReader& in, size_t count) {
  Headers headers;
  for (size_t i = 0; i < count && !in.failed(); ++i) {
    Bytes name = read_text(in);
    headers.emplace_back(std::move(name), read_text(in));
  }
  return headers;
}

std::unexpected<Error> later_version(const char* what, uint8_t version) {
  return fail(Error::Kind::unsupported, std::string("a ") + what + " of version " +
                                            std::to_string(version) + "; this program knows " +
                                            std::to_string(kVersion));
}

Result<Commit> parse_commit(BytesView bytes) {
  if (bytes.size() > kCommitBytesMax) return bad(Error::Kind::corrupt, "a commit is too long");
  ByteReader in(bytes);
  uint8_t version = in.integer<uint8_t>();
  if (!bytes.empty() && version != kVersion) return later_version("commit", version);
  uint8_t flags = in.integer<uint8_t>();
  size_t parents = in.integer<uint16_t>();
  size_t headers = in.integer<uint16_t>();
  uint16_t zero = in.integer<uint16_t>();
  if ((flags & ~(kCanonicalMerge | kAuthor | kCommitter)) || zero) {
    return bad(Error::Kind::corrupt, "a commit has unknown flags");
  }
  Commit commit;
  commit.generation = in.integer<uint64_t>();
  commit.tree.hash = in.hash();
  for (size_t i = 0; i < parents && !in.failed(); ++i) commit.parents.push_back({in.hash(), {}});
  commit.canonical_merge = flags & kCanonicalMerge;
  if (flags & kAuthor) commit.author = read_signature(in);
  if (flags & kCommitter) commit.committer = read_signature(in);
  commit.message = read_text(in);
  commit.headers = read_headers(in, headers);
  if (!in.complete()) return bad(Error::Kind::corrupt, "a commit ends early or late");
  if (auto ok = check_commit(commit, Error::Kind::corrupt); !ok) return pass_on(ok);
  return commit;
}

Result<Tag> parse_tag(BytesView bytes) {
  if (bytes.size() > kCommitBytesMax) return bad(Error::Kind::corrupt, "a tag is too long");
  ByteReader in(bytes);
  uint8_t version = in.integer<uint8_t>();
  if (!bytes.empty() && version != kVersion) return later_version("tag", version);
  uint8_t flags = in.integer<uint8_t>();
  Tag tag;
  tag.target_kind = static_cast<ObjectKind>(in.integer<uint8_t>());
  uint8_t zero = in.integer<uint8_t>();
  size_t headers = in.integer<uint16_t>();
  if ((flags & ~kTagger) || zero || in.integer<uint16_t>()) {
    return bad(Error::Kind::corrupt, "a tag has unknown flags");
  }
  tag.target.hash = in.hash();
  tag.name = read_text(in);
  if (flags & kTagger) tag.tagger = read_signature(in);
  tag.message = read_text(in);
  tag.headers = read_headers(in, headers);
  if (!in.complete()) return bad(Error::Kind::corrupt, "a tag ends early or late");
  if (auto ok = check_tag(tag, Error::Kind::corrupt); !ok) return pass_on(ok);
  return tag;
}

Result<void> check_side(size_t side_count, size_t expected, const char* what) {
  if (side_count == expected) return {};
  return fail(Error::Kind::corrupt, std::string("a ") + what + " with " +
                                        std::to_string(side_count) + " side addresses instead of " +
                                        std::to_string(expected));
}

}  // namespace

Result<void> check(const Commit& commit) {
  if (encoded_bytes(commit) > kCommitBytesMax) {
    return bad(Error::Kind::invalid, "a commit takes over 512 KiB: put large data into its tree");
  }
  return check_commit(commit, Error::Kind::invalid);
}

Result<void> check(const Tag& tag) {
  if (encoded_bytes(tag) > kCommitBytesMax) {
    return bad(Error::Kind::invalid, "a tag takes over 512 KiB");
  }
  return check_tag(tag, Error::Kind::invalid);
}

Bytes encode(const Commit& commit) {
  assert(check(commit));
  Bytes out;
  out.reserve(encoded_bytes(commit));
  append_le<uint8_t>(out, kVersion);
  append_le<uint8_t>(out, static_cast<uint8_t>((commit.canonical_merge ? kCanonicalMerge : 0) |
                                               (commit.author ? kAuthor : 0) |
                                               (commit.committer ? kCommitter : 0)));
  append_le<uint16_t>(out, static_cast<uint16_t>(commit.parents.size()));
  append_le<uint16_t>(out, static_cast<uint16_t>(commit.headers.size()));
  append_le<uint16_t>(out, 0);
  append_le<uint64_t>(out, commit.generation);
  out += commit.tree.hash.view();
  for (const ObjectRef& parent : commit.parents) out += parent.hash.view();
  append_signature(out, commit.author);
  append_signature(out, commit.committer);
  append_text(out, commit.message);
  append_headers(out, commit.headers);
  return out;
}

Bytes encode(const Tag& tag) {
  assert(check(tag));
  Bytes out;
  out.reserve(encoded_bytes(tag));
  append_le<uint8_t>(out, kVersion);
  append_le<uint8_t>(out, tag.tagger ? kTagger : 0);
  append_le<uint8_t>(out, static_cast<uint8_t>(tag.target_kind));
  append_le<uint8_t>(out, 0);
  append_le<uint16_t>(out, static_cast<uint16_t>(tag.headers.size()));
  append_le<uint16_t>(out, 0);
  out += tag.target.hash.view();
  append_text(out, tag.name);
  append_signature(out, tag.tagger);
  append_text(out, tag.message);
  append_headers(out, tag.headers);
  return out;
}

Result<StoredCommit> decode_commit(const Hash& hash, Address address, const ObjectView& view) {
  Result<Commit> commit = parse_commit(view.bytes);
  if (!commit) return pass_on(commit, "commit " + to_hex(hash));
  auto side = check_side(view.side_count, commit_side_count(commit->parents.size()), "commit");
  if (!side) return pass_on(side);
  commit->tree.address = view.address(0);
  for (size_t i = 0; i < commit->parents.size(); ++i)
    commit->parents[i].address = view.address(1 + i);
  Address jump = view.address(1 + commit->parents.size());
  return StoredCommit{{hash, address}, std::move(*commit), jump};
}

Result<Tag> decode_tag(const ObjectView& view) {
  Result<Tag> tag = parse_tag(view.bytes);
  if (!tag) return tag;
  if (auto side = check_side(view.side_count, 1, "tag"); !side) return pass_on(side);
  tag->target.address = view.address(0);
  return tag;
}

Result<uint32_t> validate_commit(BytesView bytes) {
  Result<Commit> commit = parse_commit(bytes);
  if (!commit) return pass_on(commit);
  return static_cast<uint32_t>(commit_side_count(commit->parents.size()));
}

Result<uint32_t> validate_tag(BytesView bytes) {
  Result<Tag> tag = parse_tag(bytes);
  if (!tag) return pass_on(tag);
  return 1;
}

}  // namespace ukstore
