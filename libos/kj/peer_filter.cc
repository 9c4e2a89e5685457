#include <ukstore/libos/kj/peer_filter.h>

#include <kj/debug.h>

#include <algorithm>
#include <initializer_list>

namespace ukstore::libos_kj {
namespace {

constexpr std::initializer_list<const char*> kLocal = {"127.0.0.0/8", "::1/128"};
constexpr std::initializer_list<const char*> kPrivate = {
    "10.0.0.0/8",     "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "fc00::/7",      "fe80::/10"};
constexpr std::initializer_list<const char*> kReserved = {
    "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "2001::/23", "ff00::/8"};
constexpr std::initializer_list<const char*> kEverything = {"0.0.0.0/0", "::/0"};

void add(std::vector<net::Cidr>& to, std::initializer_list<const char*> rules) {
  for (const char* rule : rules) to.push_back(*net::parse_cidr(rule));
}

// The rules that `text` stands for go to `same`, and what a name excludes to `opposite`.
void read_rule(kj::StringPtr text, std::vector<net::Cidr>& same, std::vector<net::Cidr>& opposite) {
  if (text == "local") return add(same, kLocal);
  if (text == "network") {
    add(same, kEverything);
    return add(opposite, kLocal);
  }
  if (text == "private") {
    add(same, kPrivate);
    return add(same, kLocal);
  }
  if (text == "public") {
    add(same, kEverything);
    add(opposite, kPrivate);
    add(opposite, kLocal);
    return add(opposite, kReserved);
  }
  std::string_view rule(text.begin(), text.size());
  if (auto cidr = net::parse_cidr(rule)) {
    same.push_back(*cidr);
  } else if (auto address = net::parse_ip(rule)) {
    same.push_back(
        {*address, static_cast<uint8_t>(address->family() == net::Family::ipv4 ? 32 : 128)});
  } else {
    KJ_FAIL_REQUIRE("not a rule about peers", text);
  }
}

// The length of the longest rule that fits, or -1.
int longest(const std::vector<net::Cidr>& rules, const net::IpAddress& address) {
  int best = -1;
  for (const net::Cidr& rule : rules)
    if (rule.contains(address)) best = std::max<int>(best, rule.prefix_bits);
  return best;
}

}  // namespace

bool PeerFilter::allows(const net::IpAddress& address) const {
  return std::all_of(restrictions_.begin(), restrictions_.end(), [&](const Restriction& r) {
    return longest(r.allow, address) > longest(r.deny, address);
  });
}

PeerFilter PeerFilter::restrict(kj::ArrayPtr<const kj::StringPtr> allow,
                                kj::ArrayPtr<const kj::StringPtr> deny) const {
  Restriction more;
  for (kj::StringPtr rule : allow) read_rule(rule, more.allow, more.deny);
  for (kj::StringPtr rule : deny) read_rule(rule, more.deny, more.allow);
  PeerFilter result = *this;
  result.restrictions_.push_back(std::move(more));
  return result;
}

}  // namespace ukstore::libos_kj
