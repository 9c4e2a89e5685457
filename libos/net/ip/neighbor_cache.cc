#include <ukstore/libos/net/ip/neighbor_cache.h>
#include <algorithm>

namespace ukstore::net {

void NeighborCache::set_due(Entry& entry, Time due) {
  entry.due = due;
  deadline_ = std::min(deadline_, due);
}

std::vector<HeldFrame> NeighborCache::take_held(Entry& entry) {
  for (const HeldFrame& frame : entry.held) held_bytes_ -= frame.bytes.size();
  return std::exchange(entry.held, {});
}

NeighborCache::Entry& NeighborCache::insert(Time now, const IpAddress& address) {
  auto found = entries_.find(address);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= options_.entries_max) {
    auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    take_held(oldest->second);
    entries_.erase(oldest);
  }
  Entry& entry = entries_[address];
  entry.used = now;
  return entry;
}

std::optional<MacAddress> NeighborCache::use(Time now, const IpAddress& address) {
  auto found = entries_.find(address);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  entry.used = now;
  if (entry.state == State::incomplete) return std::nullopt;
  if (entry.state == State::reachable && entry.due <= now) entry.state = State::stale;
  if (entry.state == State::stale) {
    entry.state = State::delay;
    set_due(entry, now + options_.delay_first_probe);
  }
  return entry.mac;
}

void NeighborCache::hold(Time now, const IpAddress& address, HeldFrame frame) {
  bool is_new = entries_.find(address) == entries_.end();
  Entry& entry = insert(now, address);
  if (is_new) set_due(entry, now);
  if (entry.held.size() == kHeldFramesMax) {
    held_bytes_ -= entry.held.front().bytes.size();
    entry.held.erase(entry.held.begin());
  }
  if (held_bytes_ + frame.bytes.size() > options_.held_bytes_max) return;
  held_bytes_ += frame.bytes.size();
  entry.held.push_back(std::move(frame));
}

std::vector<HeldFrame> NeighborCache::learn(Time now, const IpAddress& address,
                                            const MacAddress& mac, Evidence evidence,
                                            Create create) {
  if (mac.is_multicast()) return {};
  if (create == Create::no && entries_.find(address) == entries_.end()) return {};
  Entry& entry = insert(now, address);
  bool was_known = entry.state != State::incomplete;
  bool same = was_known && entry.mac == mac;
  entry.mac = mac;
  if (evidence == Evidence::answered) {
    entry.state = State::reachable;
    entry.solicitations = 0;
    set_due(entry, now + options_.reachable);
  } else if (!same) {
    entry.state = State::stale;
    entry.solicitations = 0;
    entry.due = kNever;
  }
  return take_held(entry);
}

void NeighborCache::confirm(Time now, const IpAddress& address) {
  auto found = entries_.find(address);
  if (found == entries_.end() || found->second.state == State::incomplete) return;
  found->second.state = State::reachable;
  found->second.solicitations = 0;
  set_due(found->second, now + options_.reachable);
}

std::optional<NeighborCache::Solicitation> NeighborCache::next_solicitation(Time now) {
  if (now < deadline_) return std::nullopt;
  Time next = kNever;
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& [address, entry] = *at;
    if (entry.due > now) {
      next = std::min(next, entry.due);
      ++at;
      continue;
    }
    if (entry.state == State::reachable) {
      entry.state = State::stale;
      entry.due = kNever;
      ++at;
      continue;
    }
    if (entry.state == State::delay) entry.state = State::probe;
    if (entry.solicitations >= options_.solicitations_max) {
      std::vector<HeldFrame> frames = take_held(entry);
      if (!frames.empty()) unreachable_.push_back({address, std::move(frames)});
      at = entries_.erase(at);
      continue;
    }
    ++entry.solicitations;
    entry.due = now + options_.retransmit;
    // Others may be due too: deadline_ stays in the past until a whole pass finds none.
    Solicitation question{address, std::nullopt};
    if (entry.state == State::probe) question.to = entry.mac;
    return question;
  }
  deadline_ = next;
  return std::nullopt;
}

std::optional<NeighborCache::Unreachable> NeighborCache::next_unreachable() {
  if (unreachable_.empty()) return std::nullopt;
  Unreachable result = std::move(unreachable_.back());
  unreachable_.pop_back();
  return result;
}

void NeighborCache::clear() {
  entries_.clear();
  unreachable_.clear();
  held_bytes_ = 0;
  deadline_ = kNever;
}

}  // namespace ukstore::net
