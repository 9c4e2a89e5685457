#include <ukstore/merge/dot.h>

#include <algorithm>

namespace ukstore {
namespace {

// Numbers up to this are one byte; a larger one is this plus its count of bytes, then those bytes,
// the high one first.
constexpr uint8_t kOneByteMax = 0xef;

std::unexpected<Error> not_canonical() {
  return fail(Error::Kind::corrupt, "a set of dots is not in its canonical form");
}

// The dots of an encoded set, each in its own bytes, which order as dots do.
class EncodedDots {
 public:
  explicit EncodedDots(BytesView bytes) : rest_(bytes) { next(); }

  bool at_end() const { return dot_.empty(); }
  BytesView dot() const { return dot_; }
  void next() {
    const BytesView before = dot_, from = rest_;
    dot_ = {};
    if (from.empty()) return;
    if (!take_dot(rest_)) return end_broken();
    const BytesView dot = from.substr(0, from.size() - rest_.size());
    if (!before.empty() && dot <= before) return end_broken();
    dot_ = dot;
  }
  // Whether it ended before the bytes did.
  bool is_broken() const { return broken_; }

 private:
  void end_broken() {
    rest_ = {};
    broken_ = true;
  }
  BytesView rest_;
  BytesView dot_;
  bool broken_ = false;
};

}  // namespace

std::string to_hex(const ReplicaId& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : id.bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

ReplicaId replica_from_hash(const Hash& hash) {
  ReplicaId id;
  std::copy_n(hash.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

std::string to_string(const Dot& dot) {
  return std::to_string(dot.generation) + "@" + to_hex(dot.replica).substr(0, 8) + "." +
         std::to_string(dot.number);
}

void append_ordered(Bytes& to, uint64_t value) {
  if (value <= kOneByteMax) {
    to.push_back(static_cast<char>(value));
    return;
  }
  int count = 8;
  while (value >> (8 * (count - 1)) == 0) --count;
  to.push_back(static_cast<char>(kOneByteMax + count));
  for (int i = count - 1; i >= 0; --i) to.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::optional<uint64_t> take_ordered(BytesView& from) {
  if (from.empty()) return std::nullopt;
  uint8_t first = static_cast<uint8_t>(from.front());
  from.remove_prefix(1);
  if (first <= kOneByteMax) return first;
  size_t count = first - kOneByteMax;
  if (count > 8 || from.size() < count) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(from[i]);
  bool shortest = value > kOneByteMax && value >> (8 * (count - 1)) != 0;
  from.remove_prefix(count);
  return shortest ? std::optional(value) : std::nullopt;
}

void append_dot(Bytes& to, const Dot& dot) {
  append_ordered(to, dot.generation);
  to.append(dot.replica.view());
  append_ordered(to, dot.number);
}

Bytes encode(const Dot& dot) {
  Bytes bytes;
  append_dot(bytes, dot);
  return bytes;
}

std::optional<Dot> take_dot(BytesView& from) {
  Dot dot;
  auto generation = take_ordered(from);
  if (!generation || from.size() < dot.replica.bytes.size()) return std::nullopt;
  std::copy_n(from.begin(), dot.replica.bytes.size(), dot.replica.bytes.begin());
  from.remove_prefix(dot.replica.bytes.size());
  auto number = take_ordered(from);
  if (!number) return std::nullopt;
  dot.generation = *generation;
  dot.number = *number;
  return dot;
}

void append_dots(Bytes& to, std::span<const Dot> dots) {
  for (const Dot& dot : dots) append_dot(to, dot);
}

Result<Dots> decode_dots(BytesView bytes) {
  Dots dots;
  while (!bytes.empty()) {
    auto dot = take_dot(bytes);
    if (!dot || (!dots.empty() && *dot <= dots.back())) return not_canonical();
    dots.push_back(*dot);
  }
  return dots;
}

Dots three_way(const Dots& base, const Dots& ours, const Dots& theirs) {
  Dots kept;
  auto b = base.begin();
  auto in_base = [&](const Dot& dot) {
    while (b != base.end() && *b < dot) ++b;
    return b != base.end() && *b == dot;
  };
  for (auto o = ours.begin(), t = theirs.begin(); o != ours.end() || t != theirs.end();) {
    bool in_ours = o != ours.end() && (t == theirs.end() || *o <= *t);
    bool in_theirs = t != theirs.end() && (o == ours.end() || *t <= *o);
    const Dot& dot = in_ours ? *o : *t;
    if ((in_ours && in_theirs) || !in_base(dot)) kept.push_back(dot);
    if (in_ours) ++o;
    if (in_theirs) ++t;
  }
  return kept;
}

Result<Bytes> three_way_encoded(BytesView base, BytesView ours, BytesView theirs) {
  Bytes kept;
  kept.reserve(ours.size() + theirs.size());
  EncodedDots b(base), o(ours), t(theirs);
  while (!o.at_end() || !t.at_end()) {
    const int order = o.at_end() ? 1 : t.at_end() ? -1 : o.dot().compare(t.dot());
    const BytesView dot = order <= 0 ? o.dot() : t.dot();
    while (!b.at_end() && b.dot() < dot) b.next();
    if (order == 0 || b.at_end() || b.dot() != dot) kept.append(dot);
    if (order <= 0) o.next();
    if (order >= 0) t.next();
  }
  while (!b.at_end()) b.next();
  if (b.is_broken() || o.is_broken() || t.is_broken()) return not_canonical();
  return kept;
}

DotMint import_mint(uint64_t generation, BytesView source) {
  Bytes named = "ukstore import\n";
  named.append(source);
  return DotMint(generation, replica_from_hash(hash_object(ObjectKind::blob, named)), 1);
}

}  // namespace ukstore
