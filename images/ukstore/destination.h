#pragma once
// What the user calls a peer: a remote's name, uk://[FINGERPRINT@]HOST:PORT, or the path of a
// store.

#include <ukstore/images/ukstore/peers.h>

namespace ukstore::cli {

// Where `serve` listens if nothing else is said, and what an address without a port means.
constexpr std::string_view kDefaultPort = "7420";

struct Destination {
  std::string given;   // as the user wrote it
  std::string remote;  // the name of the remote, if it is one
  std::optional<Bytes> fingerprint{};
  std::string host_and_port{};    // empty for a path
  std::filesystem::path store{};  // the folder of the store's files; empty for an address

  bool is_path() const { return host_and_port.empty(); }
  // The address with all that is known, or the path: what a remote keeps.
  std::string address() const;
};

// An address alone.  Throws a Failure in words for what is neither an address nor a store.
Destination parse_destination(Context& context, const std::string& word);
// The same, or the name of a remote.  Throws not_found with the nearest remote.
Destination find_destination(Context& context, const Peers& peers, const std::string& word);
// The remote that is meant if none is named: the only one, or "origin".
std::string default_remote(const Peers& peers);

// The folder of a store's files at or in `path`; nullopt if there is none.
std::optional<std::filesystem::path> store_at(const std::filesystem::path& path);

}  // namespace ukstore::cli
