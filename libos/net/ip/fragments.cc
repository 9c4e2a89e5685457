#include <ukstore/libos/net/ip/fragments.h>
#include <algorithm>
#include <cstring>

namespace ukstore::net {

void Fragments::drop(Iterator datagram) {
  bytes_ -= datagram->bytes;
  datagrams_.erase(datagram);
}

void Fragments::poison(Datagram& datagram) {
  bytes_ -= datagram.bytes;
  datagram.bytes = 0;
  datagram.pieces.clear();
  datagram.quote.clear();
  datagram.poisoned = true;
}

Fragments::Iterator Fragments::find_or_make(Time now, const FragmentKey& key) {
  auto found = std::find_if(datagrams_.begin(), datagrams_.end(),
                            [&](const Datagram& d) { return d.key == key; });
  if (found != datagrams_.end()) return found;
  if (datagrams_.size() >= options_.datagrams_max) drop(datagrams_.begin());
  Datagram datagram{.key = key};
  datagram.expires =
      now + (key.source.family() == Family::ipv4 ? options_.lifetime_ipv4 : options_.lifetime_ipv6);
  return datagrams_.insert(datagrams_.end(), std::move(datagram));
}

std::optional<Fragments::Whole> Fragments::add(Time now, const FragmentKey& key,
                                               const FragmentPiece& piece) {
  if (piece.data.empty()) return std::nullopt;
  Iterator datagram = find_or_make(now, key);
  if (datagram->poisoned) return std::nullopt;
  size_t begin = piece.offset_bytes, end = begin + piece.data.size();
  auto after = std::find_if(datagram->pieces.begin(), datagram->pieces.end(),
                            [&](const Piece& p) { return p.offset >= begin; });
  if (after != datagram->pieces.end() && after->offset == begin &&
      after->data.size() == piece.data.size() &&
      std::equal(piece.data.begin(), piece.data.end(), after->data.begin()))
    return std::nullopt;
  bool overlaps = (after != datagram->pieces.end() && after->offset < end) ||
                  (after != datagram->pieces.begin() &&
                   std::prev(after)->offset + std::prev(after)->data.size() > begin);
  bool beyond =
      datagram->total && (end > *datagram->total || (!piece.more && end != *datagram->total));
  bool cut_short = !piece.more && !datagram->pieces.empty() &&
                   datagram->pieces.back().offset + datagram->pieces.back().data.size() > end;
  if (overlaps || beyond || cut_short || datagram->pieces.size() >= options_.fragments_max) {
    poison(*datagram);
    return std::nullopt;
  }
  if (!piece.more) datagram->total = end;
  if (begin == 0) {
    datagram->quote.assign(piece.quote.begin(), piece.quote.end());
    datagram->next_header = piece.next_header;
  }
  datagram->pieces.insert(after, {begin, Bytes(piece.data.begin(), piece.data.end())});
  datagram->bytes += piece.data.size();
  bytes_ += piece.data.size();
  if (datagram->total && datagram->bytes == *datagram->total) return assemble(datagram);
  // Over budget the oldest gives way, this one last.
  while (bytes_ > options_.bytes_max) drop(datagrams_.begin());
  return std::nullopt;
}

Fragments::Whole Fragments::assemble(Iterator datagram) {
  auto length = static_cast<uint32_t>(datagram->bytes);
  ChunkRef chunk = make_chunk(length);
  for (const Piece& piece : datagram->pieces)
    std::memcpy(chunk->data + piece.offset, piece.data.data(), piece.data.size());
  Whole whole{Buf(std::move(chunk), 0, length), datagram->next_header};
  drop(datagram);
  return whole;
}

std::optional<Fragments::Expired> Fragments::next_expired(Time now) {
  for (auto at = datagrams_.begin(); at != datagrams_.end();) {
    if (at->expires > now) {
      ++at;
      continue;
    }
    Expired expired{at->key, std::move(at->quote)};
    auto next = std::next(at);
    drop(at);
    at = next;
    if (!expired.quote.empty()) return expired;
  }
  return std::nullopt;
}

Time Fragments::deadline() const {
  Time next = kNever;
  for (const Datagram& datagram : datagrams_) next = std::min(next, datagram.expires);
  return next;
}

}  // namespace ukstore::net
