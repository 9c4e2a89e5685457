#include <ukstore/images/ukstore/trust.h>

#include <ukstore/images/ukstore/lines.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/sync/identity.h>

#include <unistd.h>

namespace ukstore::cli {
namespace {

void remember(Store& store, const std::string& host_and_port, const Bytes& fingerprint) {
  change_peers(store, [&](Peers& peers) { peers.seen[host_and_port] = fingerprint; });
}

bool says_yes(Context& context, const Destination& destination, const Bytes& shown) {
  const int in = context.process().in, err = context.process().err;
  if (isatty(in) != 1 || isatty(err) != 1) return false;
  const std::string question = destination.host_and_port + " has the key\n  " + shown +
                               "\nand was never met before.  `ukstore key show` there tells "
                               "whether that is right.  Trust it? [y/N] ";
  if (::write(err, question.data(), question.size()) < 0) return false;
  const auto answer = LineReader(in).next().value_or("");
  return answer == "y" || answer == "Y" || answer == "yes";
}

[[noreturn]] void refuse(const Destination& destination, const Bytes& shown,
                         const Bytes& expected) {
  throw Failure{Exit::wrong_key,
                in_quotes(destination.given) + " has another key than expected",
                {"expected " + expected, "it shows " + shown,
                 "either it is another store now, or somebody stands in between"},
                {"look at it there: ukstore key show",
                 "if the new one is right: ukstore key trust " + shown}};
}

}  // namespace

void accept_key(Context& context, Store& store, const Destination& destination,
                const Bytes& shown) {
  if (destination.fingerprint && *destination.fingerprint != shown) {
    throw Failure{Exit::wrong_key,
                  in_quotes(destination.given) + " has another key than the address names",
                  {"it shows " + shown},
                  {"look at it there: ukstore key show",
                   "if that is the right one: uk://" + shown + "@" + destination.host_and_port}};
  }
  const Peers peers = peers_of(store);
  const auto seen = peers.seen.find(destination.host_and_port);
  if (seen != peers.seen.end() && seen->second == shown) return;
  if (!destination.fingerprint && !peers.trusted.contains(shown)) {
    if (seen != peers.seen.end()) refuse(destination, shown, seen->second);
    if (!context.option("trust-new") && !says_yes(context, destination, shown)) {
      throw Failure{Exit::wrong_key,
                    "the key of " + in_quotes(destination.given) + " is not known here",
                    {"it shows " + shown, "ukstore key show tells there whether that is right"},
                    {"if it is, name it: uk://" + shown + "@" + destination.host_and_port,
                     "or take whatever comes, this once: --trust-new"}};
    }
  }
  remember(store, destination.host_and_port, shown);
}

std::string find_fingerprint(const Peers& peers, const std::string& word) {
  std::vector<std::string> names;
  for (const auto& [fingerprint, name] : peers.trusted) {
    if (!name.empty() && name == word) return fingerprint;
    if (!name.empty()) names.push_back(name);
  }
  const auto near = did_you_mean(word, names);
  if (near.empty() || is_fingerprint(word)) return fingerprint_of(word);
  throw Failure{Exit::not_found,
                "there is no peer " + in_quotes(word),
                {},
                {near, "see the keys: ukstore key list"}};
}

std::string fingerprint_of(const std::string& word) {
  if (is_fingerprint(word)) return word;
  throw Failure{Exit::user_error,
                in_quotes(word) + " is no fingerprint",
                {"a fingerprint is 64 lower-case hex digits"},
                {"see that of a store, there: ukstore key show"}};
}

}  // namespace ukstore::cli
