#include <ukstore/images/ukstore/peers.h>

#include <ukstore/images/ukstore/nearest.h>

namespace ukstore::cli {
namespace {

constexpr BytesView kRecord = "cli/peers";
constexpr size_t kShortName = 16;

Json json_of(const Peers& peers) {
  return {{"remotes", peers.remotes}, {"seen", peers.seen}, {"trusted", peers.trusted}};
}

Peers parse(const std::optional<Bytes>& record) {
  if (!record) return {};
  const Json json = Json::parse(*record, nullptr, false);
  try {
    Peers peers;
    json.at("remotes").get_to(peers.remotes);
    json.at("seen").get_to(peers.seen);
    json.at("trusted").get_to(peers.trusted);
    return peers;
  } catch (const Json::exception&) {
    throw Failure{Exit::corrupt,
                  "the list of remotes and keys of this store is damaged",
                  {},
                  {"see what else is: ukstore fsck --deep"}};
  }
}

}  // namespace

std::string Peers::name_of(const std::string& fingerprint) const {
  const auto found = trusted.find(fingerprint);
  if (found != trusted.end() && !found->second.empty()) return found->second;
  for (const auto& [name, address] : remotes) {
    const size_t host = address.rfind('@') == std::string::npos ? 5 : address.rfind('@') + 1;
    const auto known = host < address.size() ? seen.find(address.substr(host)) : seen.end();
    if (address.starts_with("uk://" + fingerprint + "@") ||
        (known != seen.end() && known->second == fingerprint)) {
      return name;
    }
  }
  return fingerprint.substr(0, kShortName);
}

std::vector<std::string> Peers::remote_names() const {
  std::vector<std::string> names;
  for (const auto& [name, address] : remotes) names.push_back(name);
  return names;
}

Peers peers_of(const Store& store) {
  return parse(must(store.record(kRecord), "cannot read the remotes"));
}

void change_peers(Store& store, const std::function<void(Peers&)>& change) {
  const auto body = [&](Transaction& transaction) -> Result<void> {
    auto record = transaction.record(kRecord);
    if (!record) return pass_on(record);
    Peers peers = parse(*record);
    change(peers);
    return transaction.put_record(kRecord, line_of(json_of(peers)));
  };
  must(store.transact(body), "cannot write the remotes");
}

Failure no_such_remote(const Peers& peers, const std::string& name) {
  Failure failure{Exit::not_found, "there is no remote " + in_quotes(name)};
  const auto near = did_you_mean(name, peers.remote_names());
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back(peers.remotes.empty()
                              ? "make one: ukstore remote add " + shell_word(name) + " ADDR"
                              : "see the remotes: ukstore remote list");
  return failure;
}

}  // namespace ukstore::cli
