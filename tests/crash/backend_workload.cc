#include "backend_workload.h"

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/object.h>
#include <ukstore/store/records.h>

#include <random>
#include <vector>

namespace ukstore::tests {
namespace {

using Path = std::filesystem::path;
using Records = std::map<Bytes, std::optional<Bytes>>;

Bytes noise(uint64_t seed, size_t bytes) {
  std::mt19937_64 random(seed);
  Bytes out;
  while (out.size() < bytes) append_le<uint64_t>(out, random());
  out.resize(bytes);
  return out;
}

// What commit `number` appends and changes.
std::vector<Bytes> segments_of(uint64_t number) {
  std::mt19937_64 random(number);
  std::vector<Bytes> segments(1 + random() % 3);
  for (auto& segment : segments) segment = noise(random(), 300 + random() % 12'000);
  return segments;
}

Records records_of(uint64_t number) {
  std::mt19937_64 random(number + 1'000'000);
  Records records;
  records["hmain"] = big_endian(number);
  records[record_key(kJournalPrefix, big_endian(number))] = noise(random(), 20 + random() % 300);
  records["pbig"] = noise(random(), random() % 60'000);
  Bytes tag = "tag" + std::to_string(random() % 7);
  records[tag] = random() % 3 == 0 ? std::nullopt : std::optional(noise(random(), random() % 3000));
  return records;
}

Result<std::unique_ptr<Backend>> open(const Path& directory, LmdbOptions::Create create) {
  return open_lmdb_backend({.path = directory, .create = create, .map_bytes = uint64_t{1} << 30});
}

Result<uint64_t> number_held(const Backend& backend) {
  auto snapshot = backend.snapshot();
  if (!snapshot) return pass_on(snapshot);
  auto head = (*snapshot)->get("hmain");
  if (!head) return pass_on(head);
  if (!*head) return 0;
  uint64_t number = 0;
  for (unsigned char c : **head) number = number << 8 | c;
  return number;
}

}  // namespace

const BackendWorkload::State& BackendWorkload::state_after(uint64_t number) {
  if (states_.empty()) states_.push_back({{{record_key(kFormatPrefix), format_record()}}, 0});
  while (states_.size() <= number) {
    const uint64_t n = states_.size();
    State state = states_.back();
    for (auto& segment : segments_of(n)) segments_.push_back(std::move(segment));
    state.segments = segments_.size();
    for (auto& [key, value] : records_of(n)) {
      if (value) {
        state.records[key] = *value;
      } else {
        state.records.erase(key);
      }
    }
    states_.push_back(std::move(state));
  }
  return states_[number];
}

std::optional<std::string> BackendWorkload::compare(const Backend& backend, uint64_t number) {
  const State& expected = state_after(number);
  auto snapshot = backend.snapshot();
  if (!snapshot) return snapshot.error().message;
  size_t same = 0;
  std::optional<std::string> wrong;
  for (char prefix : {kFormatPrefix, kHeadPrefix, kJournalPrefix, kPrivatePrefix, kTagPrefix}) {
    auto check = [&](BytesView key, BytesView value) {
      auto found = expected.records.find(Bytes(key));
      if (found == expected.records.end() || found->second != value) wrong = "a record differs";
      ++same;
      return Flow::go_on;
    };
    auto ok = (*snapshot)->scan(record_key(prefix), {}, Direction::forward, check);
    if (!ok) return ok.error().message;
  }
  if (wrong) return wrong;
  if (same != expected.records.size()) return "records are missing";
  auto last = (*snapshot)->last_segment();
  if (!last || *last != expected.segments) return "another last segment";
  for (uint64_t n = 1; n <= *last; ++n) {
    auto segment = backend.segment(n);
    if (!segment || !*segment) return "segment " + std::to_string(n) + " is missing";
    if (!(*segment)->starts_with(segments_[n - 1]))
      return "segment " + std::to_string(n) + " differs";
  }
  return std::nullopt;
}

void BackendWorkload::create(const Path& directory) {
  auto made = open(directory, LmdbOptions::Create::yes);
  if (!made) throw std::runtime_error(made.error().message);
}

std::optional<std::string> BackendWorkload::run(const Path& directory, uint64_t last,
                                                const Progress& progress) {
  auto backend = open(directory, LmdbOptions::Create::no);
  if (!backend) return backend.error().message;
  auto held = number_held(**backend);
  if (!held) return held.error().message;
  for (uint64_t number = *held + 1; number <= last; ++number) {
    progress.begins(number);
    const auto durability = number % 5 == 3 ? Durability::lazy : Durability::durable;
    auto ok = commit(**backend, number, durability);
    if (!ok) return ok.error().message;
    if (durability == Durability::durable) progress.is_durable(number);
  }
  return std::nullopt;
}

std::optional<std::string> BackendWorkload::verify(const Path& directory, uint64_t least,
                                                   uint64_t most) {
  auto backend = open(directory, LmdbOptions::Create::no);
  if (!backend) return backend.error().message;
  auto held = number_held(**backend);
  if (!held) return held.error().message;
  if (*held < least || *held > most) {
    return "holds commit " + std::to_string(*held) + ", not " + std::to_string(least) + " to " +
           std::to_string(most);
  }
  return compare(**backend, *held);
}

Result<void> BackendWorkload::commit(Backend& backend, uint64_t number, Durability durability) {
  auto write = backend.write();
  if (!write) return pass_on(write);
  if (auto ok = put_segments(**write, number); !ok) return ok;
  if (auto ok = put_records(**write, number); !ok) return ok;
  return (*write)->commit(durability);
}

Result<void> BackendWorkload::put_segments(Write& write, uint64_t number) {
  for (const Bytes& bytes : segments_of(number)) {
    auto room = write.append_segment(bytes.size());
    if (!room) return pass_on(room);
    std::memcpy(room->bytes.data(), bytes.data(), bytes.size());
  }
  return {};
}

Result<void> BackendWorkload::put_records(Write& write, uint64_t number) {
  for (const auto& [key, value] : records_of(number)) {
    auto ok = value ? write.put(key, *value) : write.erase(key);
    if (!ok) return ok;
  }
  return {};
}

}  // namespace ukstore::tests
