#include <ukstore/store/index_run.h>

#include <ukstore/store/records.h>

#include <xxhash.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

constexpr size_t kEntryBytes = 40;
constexpr size_t kRunBytes = 40;
constexpr size_t kManifestHeadBytes = 24;
constexpr uint32_t kVersion = 1;

uint32_t check_of(BytesView piece) {
  return static_cast<uint32_t>(XXH3_64bits(piece.data() + 8, piece.size() - 8));
}

// The first eight bytes as a number in the order of hashes.
uint64_t leading(const Hash& hash) { return __builtin_bswap64(hash.prefix()); }

}  // namespace

Bytes IndexPiece::encode(std::span<const IndexEntry> entries) {
  assert(!entries.empty() && entries.size() <= kEntriesMax);
  Bytes bytes(8 + kEntryBytes * entries.size(), '\0');
  char* hashes = bytes.data() + 8;
  char* addresses = hashes + 32 * entries.size();
  for (size_t i = 0; i < entries.size(); ++i) {
    std::memcpy(hashes + 32 * i, entries[i].hash.bytes.data(), 32);
    store_le<uint64_t>(addresses + 8 * i, entries[i].address.value());
  }
  store_le<uint32_t>(bytes.data(), static_cast<uint32_t>(entries.size()));
  store_le<uint32_t>(bytes.data() + 4, check_of(bytes));
  return bytes;
}

Result<IndexPiece> IndexPiece::open(BytesView bytes) {
  IndexPiece piece;
  if (bytes.size() >= 8) piece.count_ = load_le<uint32_t>(bytes.data());
  if (piece.count_ == 0 || piece.count_ > kEntriesMax ||
      bytes.size() != 8 + kEntryBytes * piece.count_) {
    return fail(Error::Kind::corrupt, "a piece of the index has a wrong size");
  }
  piece.bytes_ = bytes;
  return piece;
}

bool IndexPiece::intact() const { return load_le<uint32_t>(bytes_.data() + 4) == check_of(bytes_); }

uint32_t IndexPiece::lower_bound(const Hash& wanted) const {
  // Hashes are uniform: guess where it is, widen the guess until it encloses the place, then halve.
  const uint64_t first = leading(hash(0)), last = leading(hash(count_ - 1)), at = leading(wanted);
  auto below = [&](uint32_t i) { return hash(i) < wanted; };
  uint32_t guess = 0;
  if (at > first) {
    guess = at >= last ? count_ - 1
                       : static_cast<uint32_t>(static_cast<double>(at - first) /
                                               static_cast<double>(last - first) * (count_ - 1));
  }
  uint32_t low = 0, high = count_;
  if (below(guess)) {
    low = guess + 1;
    for (uint32_t step = 8; low + step < count_; step *= 2) {
      if (!below(low + step)) {
        high = low + step;
        break;
      }
      low += step + 1;
    }
  } else {
    high = guess;
    for (uint32_t step = 8; step <= high; step *= 2) {
      if (below(high - step)) {
        low = high - step + 1;
        break;
      }
      high -= step;
    }
  }
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (below(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Bytes IndexManifest::encode() const {
  Bytes bytes;
  append_le<uint32_t>(bytes, kVersion);
  append_le<uint32_t>(bytes, static_cast<uint32_t>(runs.size()));
  append_le<uint64_t>(bytes, mark);
  append_le<uint64_t>(bytes, next_run);
  for (const IndexRun& run : runs) {
    append_le<uint64_t>(bytes, run.number);
    append_le<uint64_t>(bytes, run.entries);
    append_le<uint32_t>(bytes, run.pieces);
    append_le<uint32_t>(bytes, run.tier);
    append_le<uint32_t>(bytes, static_cast<uint32_t>(run.state));
    append_le<uint32_t>(bytes, run.next_piece);
    append_le<uint32_t>(bytes, run.next_entry);
    append_le<uint32_t>(bytes, 0);
  }
  return bytes;
}

Result<IndexManifest> IndexManifest::decode(BytesView bytes) {
  auto bad = [] { return fail(Error::Kind::corrupt, "the manifest of the index is damaged"); };
  if (bytes.size() < kManifestHeadBytes) return bad();
  if (load_le<uint32_t>(bytes.data()) != kVersion) {
    return fail(Error::Kind::unsupported, "the index is of a later format");
  }
  const uint64_t count = load_le<uint32_t>(bytes.data() + 4);
  if (bytes.size() != kManifestHeadBytes + kRunBytes * count) return bad();
  IndexManifest manifest;
  manifest.mark = load_le<uint64_t>(bytes.data() + 8);
  manifest.next_run = load_le<uint64_t>(bytes.data() + 16);
  manifest.runs.resize(count);
  const char* at = bytes.data() + kManifestHeadBytes;
  for (IndexRun& run : manifest.runs) {
    run.number = load_le<uint64_t>(at);
    run.entries = load_le<uint64_t>(at + 8);
    run.pieces = load_le<uint32_t>(at + 16);
    run.tier = load_le<uint32_t>(at + 20);
    const uint32_t state = load_le<uint32_t>(at + 24);
    if (state > static_cast<uint32_t>(IndexRun::State::erasing)) return bad();
    run.state = static_cast<IndexRun::State>(state);
    run.next_piece = load_le<uint32_t>(at + 28);
    run.next_entry = load_le<uint32_t>(at + 32);
    at += kRunBytes;
  }
  return manifest;
}

Result<IndexManifest> IndexManifest::load(const Snapshot& snapshot) {
  auto bytes = snapshot.get(record_key(kIndexPrefix));
  if (!bytes) return pass_on(bytes);
  if (!*bytes) return IndexManifest{};
  return decode(**bytes);
}

Bytes index_piece_key(uint64_t run, uint32_t piece) {
  return record_key(kIndexPrefix, big_endian(run) + big_endian(piece));
}

Result<IndexPiece> index_piece(const Snapshot& snapshot, uint64_t run, uint32_t piece) {
  auto bytes = snapshot.get(index_piece_key(run, piece));
  if (!bytes) return pass_on(bytes);
  if (!*bytes) return fail(Error::Kind::corrupt, "a piece of the index is missing");
  return IndexPiece::open(**bytes);
}

Result<IndexPlace> index_lower_bound(const Snapshot& snapshot, const IndexRun& run,
                                     const Hash& hash) {
  // All pieces but the last are full and hashes are uniform, so the guess is the piece or nearly.
  using Wide = unsigned __int128;
  uint64_t guess = static_cast<uint64_t>(Wide{run.entries} * leading(hash) >> 64);
  uint32_t piece =
      std::min<uint32_t>(static_cast<uint32_t>(guess / IndexPiece::kEntriesMax), run.pieces - 1);
  // Once a piece has turned out to be too high, its predecessor is the last that can hold the
  // place.
  bool came_down = false;
  for (;;) {
    auto bytes = index_piece(snapshot, run.number, piece);
    if (!bytes) return pass_on(bytes);
    uint32_t entry = bytes->lower_bound(hash);
    if (entry == 0 && piece > 0) {
      // The place may be in the piece before.
      --piece;
      came_down = true;
      continue;
    }
    if (entry < bytes->count()) return IndexPlace{piece, entry};
    if (came_down || piece + 1 == run.pieces) return IndexPlace{piece + 1, 0};
    ++piece;
    auto next = index_piece(snapshot, run.number, piece);
    if (!next) return pass_on(next);
    entry = next->lower_bound(hash);
    if (entry < next->count()) return IndexPlace{piece, entry};
  }
}

}  // namespace ukstore
