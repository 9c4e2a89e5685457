#include <ukstore/images/ukstore/destination.h>

#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/sync/listener.h>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

bool looks_like_address(const std::string& word) { return word.find("://") != std::string::npos; }

bool looks_like_path(const std::string& word) {
  return word.find('/') != std::string::npos || word == "." || word == "..";
}

Destination address_of(const std::string& word) {
  std::string full = word;
  const size_t host = full.find_last_of("@/") + 1;
  // Colons within brackets are those of an IPv6 address.
  const size_t colon = full.find(':', std::max(host, full.rfind(']') + 1));
  if (host < full.size() && colon == std::string::npos) full += ":" + std::string(kDefaultPort);
  const auto address = parse_address(full);
  if (!address) {
    const std::string host_word = host < word.size() ? word.substr(host) : "HOST:PORT";
    throw Failure{Exit::user_error,
                  in_quotes(word) + " is no address of a peer",
                  {address.error().message.substr(address.error().message.rfind(": ") + 2)},
                  {"write it as: uk://localhost:" + std::string(kDefaultPort) +
                   " or uk://FINGERPRINT@localhost:" + std::string(kDefaultPort)}};
  }
  return {
      .given = word, .fingerprint = address->fingerprint, .host_and_port = address->host_and_port};
}

// The names beside a path that is not there, for did-you-mean.
std::string near_path(const fs::path& path, const std::string& word) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), error)) {
    if (store_at(entry.path())) names.push_back(entry.path().filename().string());
  }
  const auto near = nearest(path.filename().string(), names);
  if (!near) return "";
  return "did you mean " + in_quotes((fs::path(word).parent_path() / *near).string()) + "?";
}

Destination path_of(Context& context, const std::string& word) {
  const fs::path path = context.place(word);
  std::error_code error;
  if (const auto store = store_at(path)) {
    return {.given = word, .store = fs::weakly_canonical(*store, error)};
  }
  Failure failure{Exit::no_store, "there is no store at " + in_quotes(word)};
  if (!fs::exists(path, error)) {
    failure.causes.push_back("there is no such file or folder");
    fs::path slashless = path;
    if (!slashless.has_filename()) slashless = slashless.parent_path();
    if (auto near = near_path(slashless, word); !near.empty()) failure.hints.push_back(near);
  } else {
    failure.causes.push_back("it holds no .ukstore and no data.mdb");
  }
  failure.hints.push_back("see what is there: ls -a " + shell_word(path.parent_path().string()));
  throw failure;
}

}  // namespace

std::string Destination::address() const {
  if (is_path()) return store.string();
  return "uk://" + (fingerprint ? *fingerprint + "@" : "") + host_and_port;
}

std::optional<fs::path> store_at(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / ".ukstore" / "data.mdb", error)) return path / ".ukstore";
  if (fs::exists(path / "data.mdb", error)) return path;
  return std::nullopt;
}

Destination parse_destination(Context& context, const std::string& word) {
  return looks_like_address(word) ? address_of(word) : path_of(context, word);
}

Destination find_destination(Context& context, const Peers& peers, const std::string& word) {
  const auto remote = peers.remotes.find(word);
  if (remote != peers.remotes.end()) {
    Destination found = parse_destination(context, remote->second);
    found.remote = word;
    return found;
  }
  if (looks_like_address(word) || looks_like_path(word) || store_at(context.place(word))) {
    Destination found = parse_destination(context, word);
    // The address of a remote means that remote.
    for (const auto& [name, address] : peers.remotes) {
      if (address == found.address() || address == word) found.remote = name;
    }
    return found;
  }
  throw no_such_remote(peers, word);
}

std::string default_remote(const Peers& peers) {
  if (peers.remotes.size() == 1) return peers.remotes.begin()->first;
  if (peers.remotes.contains("origin")) return "origin";
  if (peers.remotes.empty()) {
    throw Failure{Exit::usage,
                  "there is no remote yet, and no address was given",
                  {},
                  {"name one: ukstore remote add origin ADDR",
                   "or give the address, such as: uk://localhost:" + std::string(kDefaultPort)}};
  }
  std::string list;
  for (const auto& [name, address] : peers.remotes) list += (list.empty() ? "" : ", ") + name;
  throw Failure{Exit::usage,
                "there are several remotes, and none was named",
                {"they are " + list},
                {"name one of them: ukstore pull " + peers.remotes.begin()->first}};
}

}  // namespace ukstore::cli
