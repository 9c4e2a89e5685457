#include <ukstore/store/hash_index.h>

#include <ukstore/store/index_merge.h>
#include <ukstore/store/records.h>

#include <algorithm>
#include <cctype>

namespace ukstore {
namespace {

// A step takes no more segments' objects into a run than this, but for the last segment.
constexpr size_t kRunEntriesMax = size_t{1} << 18;

bool is_searched(const IndexRun& run) {
  return run.state == IndexRun::State::live || run.state == IndexRun::State::input;
}

std::unexpected<Error> ahead(uint64_t mark, uint64_t last) {
  return fail(Error::Kind::corrupt, "the index is ahead of its segments (its mark is " +
                                        std::to_string(mark) + ", the last segment " +
                                        std::to_string(last) + "): repair the store");
}

}  // namespace

HashIndex::HashIndex(const Backend& backend, const SegmentCache& segments)
    : backend_(backend), segments_(segments) {}

Result<HashIndex::View> HashIndex::view() const {
  auto snapshot = backend_.snapshot();
  if (!snapshot) return pass_on(snapshot);
  auto manifest = IndexManifest::load(**snapshot);
  if (!manifest) return pass_on(manifest);
  auto last = (*snapshot)->last_segment();
  if (!last) return pass_on(last);
  if (manifest->mark > *last) return ahead(manifest->mark, *last);
  return View{std::move(*snapshot), std::move(*manifest), *last};
}

Result<std::optional<Address>> HashIndex::find(const Hash& hash) const {
  auto state = view();
  if (!state) return pass_on(state);
  if (auto young = find_in_segments(*state, hash)) return young;
  return find_in_runs(*state, hash);
}

std::optional<Address> HashIndex::find_in_segments(const View& view, const Hash& hash) const {
  uint64_t searched = view.manifest.mark;
  {
    std::lock_guard lock(mutex_);
    catch_up(view);
    std::optional<Address> found;
    recent_.find(hash, [&](Address address) {
      auto segment = segments_.open(address.segment());
      if (!segment || !*segment) return true;
      auto stored = (*segment)->hash_at(address.offset_bytes());
      if (stored && *stored == hash) found = address;
      return !found;
    });
    if (found) return found;
    searched = recent_last_;
  }
  // What did not fit in memory.  A segment that cannot be opened is left to the check of the store.
  for (uint64_t number = searched + 1; number <= view.last_segment; ++number) {
    auto segment = segments_.open(number);
    if (!segment || !*segment) continue;
    if (auto offset = (*segment)->find(hash)) return Address::in_segment(number, *offset);
  }
  return std::nullopt;
}

void HashIndex::catch_up(const View& view) const {
  if (recent_mark_ != view.manifest.mark) {
    recent_.clear();
    recent_mark_ = recent_last_ = view.manifest.mark;
  }
  while (recent_last_ < view.last_segment && recent_.size() < kRecentObjectsMax) {
    auto segment = segments_.open(++recent_last_);
    if (segment && *segment) recent_.add(**segment, recent_last_);
  }
}

Result<std::optional<Address>> HashIndex::find_in_runs(const View& view, const Hash& hash) const {
  const auto& runs = view.manifest.runs;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (!is_searched(*run)) continue;
    auto place = index_lower_bound(*view.snapshot, *run, hash);
    if (!place) return pass_on(place);
    if (place->piece == run->pieces) continue;
    auto piece = index_piece(*view.snapshot, run->number, place->piece);
    if (!piece) return pass_on(piece);
    if (piece->hash(place->entry) == hash) return piece->address(place->entry);
  }
  return std::nullopt;
}

Result<std::vector<Hash>> HashIndex::find_prefix(std::string_view hex, size_t limit) const {
  std::string digits(hex);
  for (char& c : digits) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string padded = digits;
  padded.resize(std::max<size_t>(64, digits.size()), '0');
  auto low = hash_from_hex(padded);
  if (digits.size() < 4 || !low) {
    return fail(Error::Kind::invalid, "'" + std::string(hex) + "' is not 4 to 64 hex digits");
  }
  auto state = view();
  if (!state) return pass_on(state);
  std::vector<Hash> found;
  auto matches = [&](const Hash& hash) { return to_hex(hash).starts_with(digits); };
  for (uint64_t number = state->manifest.mark + 1; number <= state->last_segment; ++number) {
    auto segment = segments_.open(number);
    if (!segment || !*segment) continue;
    for (uint32_t i = (*segment)->lower_bound(*low), n = 0; i < (*segment)->count() && n < limit;
         ++i, ++n) {
      auto hash = (*segment)->hash_at((*segment)->offset_bytes(i));
      if (!hash || !matches(*hash)) break;
      found.push_back(*hash);
    }
  }
  for (const IndexRun& run : state->manifest.runs) {
    if (!is_searched(run)) continue;
    auto place = index_lower_bound(*state->snapshot, run, *low);
    if (!place) return pass_on(place);
    size_t n = 0;
    for (bool more = true; more && place->piece < run.pieces; ++place->piece, place->entry = 0) {
      auto piece = index_piece(*state->snapshot, run.number, place->piece);
      if (!piece) return pass_on(piece);
      for (uint32_t i = place->entry; more && i < piece->count(); ++i) {
        more = n++ < limit && matches(piece->hash(i));
        if (more) found.push_back(piece->hash(i));
      }
    }
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  if (found.size() > limit) found.resize(limit);
  return found;
}

Result<uint64_t> HashIndex::committed_segment() const {
  auto snapshot = backend_.snapshot();
  if (!snapshot) return pass_on(snapshot);
  return (*snapshot)->last_segment();
}

Result<void> HashIndex::update(Write& write) const {
  auto manifest = IndexManifest::load(write);
  if (!manifest) return pass_on(manifest);
  auto last = write.last_segment();
  if (!last) return pass_on(last);
  if (manifest->mark > *last) return rebuild(write);
  if (*last - manifest->mark > kUnindexedMax) {
    auto committed = committed_segment();
    if (!committed) return pass_on(committed);
    if (auto ok = add_run(write, *manifest, *committed); !ok) return ok;
  } else {
    auto worked = merge_step(write, *manifest, kFanout);
    if (!worked) return pass_on(worked);
    if (*worked == Worked::no) return {};
  }
  return write.put(record_key(kIndexPrefix), manifest->encode());
}

Result<void> HashIndex::add_run(Write& write, IndexManifest& manifest,
                                uint64_t last_segment) const {
  std::vector<IndexEntry> entries;
  while (manifest.mark < last_segment && entries.size() < kRunEntriesMax) {
    const uint64_t number = ++manifest.mark;
    // A segment that is gone has nothing to index, and one that cannot be opened nothing to read.
    auto segment = segments_.open(number);
    if (!segment || !*segment) continue;
    for (uint32_t i = 0; i < (*segment)->count(); ++i) {
      uint32_t offset = (*segment)->offset_bytes(i);
      entries.push_back({(*segment)->hash_at(offset).value(), Address::in_segment(number, offset)});
    }
  }
  if (entries.empty()) return {};
  std::ranges::sort(entries, [](const IndexEntry& a, const IndexEntry& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.address.value() > b.address.value();
  });
  auto same = std::ranges::unique(entries, {}, &IndexEntry::hash);
  entries.erase(same.begin(), same.end());
  IndexRun run{.number = manifest.next_run++};
  if (auto ok = append_to_run(write, run, entries); !ok) return ok;
  manifest.runs.push_back(run);
  return {};
}

Result<void> HashIndex::rebuild(Write& write) const {
  std::vector<Bytes> keys;
  auto collect = [&](BytesView key, BytesView) {
    keys.emplace_back(key);
    return Flow::go_on;
  };
  auto scanned = write.scan(record_key(kIndexPrefix), {}, Direction::forward, collect);
  if (!scanned) return scanned;
  for (const Bytes& key : keys) {
    if (auto ok = write.erase(key); !ok) return ok;
  }
  auto committed = committed_segment();
  if (!committed) return pass_on(committed);
  IndexManifest manifest;
  while (manifest.mark < *committed) {
    if (auto ok = add_run(write, manifest, *committed); !ok) return ok;
  }
  return write.put(record_key(kIndexPrefix), manifest.encode());
}

}  // namespace ukstore
