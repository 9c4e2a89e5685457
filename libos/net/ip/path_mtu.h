#pragma once
// What paths take at most, as ICMP said (RFC 1191, RFC 8201): forgotten after ten minutes.

#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/address.h>
#include <algorithm>
#include <unordered_map>

namespace ukstore::net {

class PathMtu {
 public:
  static constexpr size_t kEntriesMax = 256;

  // Remembers `mtu` if it is smaller than what is known.
  void learn(Time now, const IpAddress& destination, uint16_t mtu) {
    if (entries_.size() >= kEntriesMax && !entries_.contains(destination)) {
      std::erase_if(entries_, [&](const auto& entry) { return entry.second.expires <= now; });
      if (entries_.size() >= kEntriesMax) entries_.erase(entries_.begin());
    }
    uint16_t known = get(now, destination, UINT16_MAX);
    if (mtu < known) entries_[destination] = {mtu, now + std::chrono::minutes(10)};
  }

  // What the path takes, at most the link's MTU.
  uint16_t get(Time now, const IpAddress& destination, uint16_t link_mtu) const {
    auto found = entries_.find(destination);
    if (found == entries_.end() || found->second.expires <= now) return link_mtu;
    return std::min(link_mtu, found->second.mtu);
  }

 private:
  struct Entry {
    uint16_t mtu;
    Time expires;
  };
  std::unordered_map<IpAddress, Entry> entries_;
};

}  // namespace ukstore::net
