#include <ukstore/store/rope.h>

#include <ukstore/store/boundary.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

namespace ukstore {
namespace {

constexpr size_t kHeaderBytes = 4;
constexpr uint64_t kItemCountedBytes = 44;

// One random number a byte value, for the rolling hash of FastCDC (Xia et al., USENIX ATC 2016).
const std::array<uint64_t, 256>& gear() {
  static const std::array<uint64_t, 256> table = [] {
    std::array<uint64_t, 256> made{};
    for (size_t i = 0; i < made.size(); ++i) {
      uint8_t byte = static_cast<uint8_t>(i);
      made[i] = XXH3_64bits_withSeed(&byte, 1, 0x67656172);  // "gear"
    }
    return made;
  }();
  return table;
}

// The hash sees the last 64 bytes.  Before the average a cut wants 16 zero bits, behind it 12:
// sizes gather around 16 KiB ("normalized chunking" in the paper).
constexpr size_t kAverage = 16 * 1024;
constexpr uint64_t kStrict = ~uint64_t{0} << (64 - 16);
constexpr uint64_t kLoose = ~uint64_t{0} << (64 - 12);

std::unexpected<Error> corrupt(const char* what) {
  return fail(Error::Kind::corrupt, std::string("rope: ") + what);
}

}  // namespace

size_t chunk_length(BytesView bytes) {
  if (bytes.size() <= kChunkBytesMin) return bytes.size();
  const auto& table = gear();
  size_t end = std::min(bytes.size(), kChunkBytesMax);
  uint64_t hash = 0;
  size_t i = kChunkBytesMin - 64;
  for (; i < kChunkBytesMin; ++i) hash = (hash << 1) + table[static_cast<uint8_t>(bytes[i])];
  for (size_t strict_end = std::min(end, kAverage); i < strict_end; ++i) {
    hash = (hash << 1) + table[static_cast<uint8_t>(bytes[i])];
    if ((hash & kStrict) == 0) return i + 1;
  }
  for (; i < end; ++i) {
    hash = (hash << 1) + table[static_cast<uint8_t>(bytes[i])];
    if ((hash & kLoose) == 0) return i + 1;
  }
  return end;
}

RopeItem RopeView::item(uint32_t i) const {
  const char* base = object_.bytes.data();
  uint32_t width = static_cast<uint8_t>(base[1]);
  RopeItem item;
  std::memcpy(&item.size, base + kHeaderBytes + size_t{width} * i, width);
  item.ref.hash = Hash::load(base + kHeaderBytes + size_t{width} * count() + 32 * size_t{i});
  if (i < object_.side_count) item.ref.address = object_.address(i);
  return item;
}

Bytes encode_rope(uint8_t level, const std::vector<RopeItem>& items) {
  uint64_t largest = 0;
  for (const RopeItem& item : items) largest = std::max(largest, item.size);
  size_t width = std::max<size_t>(1, (std::bit_width(largest) + 7) / 8);
  Bytes out;
  out.reserve(kHeaderBytes + items.size() * (32 + width));
  out.push_back(static_cast<char>(level));
  out.push_back(static_cast<char>(width));
  append_le<uint16_t>(out, static_cast<uint16_t>(items.size()));
  for (const RopeItem& item : items) out.append(reinterpret_cast<const char*>(&item.size), width);
  for (const RopeItem& item : items) out.append(item.ref.hash.view());
  return out;
}

bool is_rope_boundary(const Hash& hash, size_t items_before) {
  if (items_before == 0) return false;
  return is_boundary(static_cast<uint32_t>(hash.prefix()), items_before * kItemCountedBytes,
                     (items_before + 1) * kItemCountedBytes);
}

Result<uint32_t> validate_rope(BytesView bytes) {
  if (bytes.size() < kHeaderBytes) return corrupt("shorter than its header");
  uint32_t width = static_cast<uint8_t>(bytes[1]);
  uint32_t count = load_le<uint16_t>(bytes.data() + 2);
  if (width - 1 > 7 || count < 1) return corrupt("impossible width or count");
  if (bytes.size() != kHeaderBytes + size_t{count} * (width + 32)) {
    return corrupt("its parts do not fill it");
  }
  RopeView rope({.kind = ObjectKind::rope, .bytes = bytes});
  std::vector<RopeItem> items;
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) {
    items.push_back(rope.item(i));
    uint64_t size = items.back().size;
    if (size == 0 || (rope.level() == 0 && size > kChunkBytesMax)) return corrupt("bad chunk size");
    if (__builtin_add_overflow(total, size, &total)) return corrupt("its sizes overflow");
    bool ends = is_rope_boundary(items.back().ref.hash, i);
    if (ends && i + 1 < count) return corrupt("a node boundary lies inside");
  }
  if (encode_rope(rope.level(), items) != bytes) return corrupt("not the canonical bytes");
  return count;
}

}  // namespace ukstore
