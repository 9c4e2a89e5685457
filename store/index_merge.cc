#include <ukstore/store/index_merge.h>

#include <algorithm>
#include <cassert>
#include <map>

namespace ukstore {
namespace {

// What one step writes, and how many pieces it erases.
constexpr size_t kStepPieces = 4;

using State = IndexRun::State;

// Where an input of the merge stands.
struct Input {
  IndexRun* run;
  std::optional<IndexPiece> piece;  // none at its end

  Result<void> open(const Snapshot& snapshot) {
    piece.reset();
    if (run->next_piece == run->pieces) return {};
    auto opened = index_piece(snapshot, run->number, run->next_piece);
    if (!opened) return pass_on(opened);
    if (run->next_entry >= opened->count()) {
      return fail(Error::Kind::corrupt, "the manifest of the index contradicts a run");
    }
    piece = *opened;
    return {};
  }
  Hash hash() const { return piece->hash(run->next_entry); }
  Address address() const { return piece->address(run->next_entry); }
  Result<void> advance(const Snapshot& snapshot) {
    if (++run->next_entry < piece->count()) return {};
    run->next_entry = 0;
    ++run->next_piece;
    return open(snapshot);
  }
};

// The next entries in order, each name once: of its places the youngest.  Nothing is written
// meanwhile, so that all pieces can be read in place.
Result<std::vector<IndexEntry>> take(const Snapshot& snapshot, std::vector<Input>& inputs) {
  std::vector<IndexEntry> taken;
  taken.reserve(kStepPieces * IndexPiece::kEntriesMax);
  while (taken.size() < kStepPieces * IndexPiece::kEntriesMax) {
    Input* least = nullptr;
    Hash least_hash;
    for (Input& input : inputs) {
      if (!input.piece) continue;
      Hash hash = input.hash();
      if (least && !(hash < least_hash)) continue;
      least = &input;
      least_hash = hash;
    }
    if (!least) break;
    IndexEntry entry{least_hash, least->address()};
    for (Input& input : inputs) {
      while (input.piece && input.hash() == least_hash) {
        if (input.address().value() > entry.address.value()) entry.address = input.address();
        if (auto ok = input.advance(snapshot); !ok) return pass_on(ok);
      }
    }
    taken.push_back(entry);
  }
  return taken;
}

Result<void> go_on(Write& write, IndexManifest& manifest, IndexRun& output) {
  std::vector<Input> inputs;
  for (IndexRun& run : manifest.runs) {
    if (run.state != State::input) continue;
    inputs.push_back({&run, {}});
    if (auto ok = inputs.back().open(write); !ok) return ok;
  }
  auto entries = take(write, inputs);
  if (!entries) return pass_on(entries);
  const bool finished =
      std::ranges::none_of(inputs, [](const Input& i) { return i.piece.has_value(); });
  if (!entries->empty()) {
    if (auto ok = append_to_run(write, output, *entries); !ok) return ok;
  }
  if (!finished) return {};
  for (IndexRun& run : manifest.runs) {
    if (run.state == State::input) run.state = State::erasing;
  }
  output.state = State::live;
  return {};
}

Result<void> erase_some(Write& write, IndexManifest& manifest, size_t place) {
  IndexRun& run = manifest.runs[place];
  for (size_t i = 0; i < 4 * kStepPieces && run.pieces > 0; ++i) {
    if (auto ok = write.erase(index_piece_key(run.number, --run.pieces)); !ok) return ok;
  }
  if (run.pieces == 0) manifest.runs.erase(manifest.runs.begin() + static_cast<ptrdiff_t>(place));
  return {};
}

// Marks the oldest runs of the lowest tier that has enough of them.
Worked begin(IndexManifest& manifest, size_t fanout) {
  std::map<uint32_t, size_t> live;
  for (const IndexRun& run : manifest.runs) live[run.tier] += run.state == State::live;
  auto enough = std::ranges::find_if(live, [&](auto& tier) { return tier.second >= fanout; });
  if (enough == live.end()) return Worked::no;
  size_t marked = 0;
  for (IndexRun& run : manifest.runs) {
    if (run.tier != enough->first || run.state != State::live || marked == fanout) continue;
    run.state = State::input;
    ++marked;
  }
  manifest.runs.push_back(
      {.number = manifest.next_run++, .tier = enough->first + 1, .state = State::output});
  return Worked::yes;
}

}  // namespace

Result<void> append_to_run(Write& write, IndexRun& run, std::span<const IndexEntry> entries) {
  while (!entries.empty()) {
    auto piece = entries.first(std::min<size_t>(entries.size(), IndexPiece::kEntriesMax));
    auto ok = write.put(index_piece_key(run.number, run.pieces), IndexPiece::encode(piece));
    if (!ok) return ok;
    ++run.pieces;
    run.entries += piece.size();
    entries = entries.subspan(piece.size());
  }
  return {};
}

Result<Worked> merge_step(Write& write, IndexManifest& manifest, size_t fanout) {
  auto of = [&](State state) {
    return std::ranges::find(manifest.runs, state, &IndexRun::state) - manifest.runs.begin();
  };
  const auto none = static_cast<ptrdiff_t>(manifest.runs.size());
  if (auto output = of(State::output); output != none) {
    auto ok = go_on(write, manifest, manifest.runs[static_cast<size_t>(output)]);
    if (!ok) return pass_on(ok);
    return Worked::yes;
  }
  if (auto erasing = of(State::erasing); erasing != none) {
    auto ok = erase_some(write, manifest, static_cast<size_t>(erasing));
    if (!ok) return pass_on(ok);
    return Worked::yes;
  }
  return begin(manifest, fanout);
}

}  // namespace ukstore
