#include <ukstore/images/node/config.h>

#include <ukstore/images/ukstore/nearest.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace ukstore::node {
namespace {

constexpr Setting kSettings[] = {
    {"store", "PATH", "", "where the store lies, made if absent: a folder; in a machine, the disk"},
    {"listen", "HOST:PORT", "*:7420", "where peers are served; port 0 takes any that is free"},
    {"peer", "ADDR", "", "a peer to keep in step with: uk://FINGERPRINT@HOST:PORT", Times::often},
    {"trust", "FINGERPRINT", "", "a key that may read and merge; those of peers may", Times::often},
    {"trust-new", "on|off", "off", "whether a peer given without fingerprint is believed at first"},
    {"strangers", "none|read|merge", "none", "what a key that is not known may do"},
    {"branch", "NAME", "main", "a branch to keep in step with the peers", Times::often},
    {"metrics", "HOST:PORT", "", "where GET /metrics is answered; not at all if not given"},
    {"connections", "N", "256", "connections of peers at a time; further ones are closed"},
    {"stop-after", "SECONDS", "0", "when the node stops by itself; 0: never"},
    {"tap", "NAME", "",
     "a TAP device for a TCP/IP stack of the node's own, in place of the kernel's"},
    {"address", "ADDRESS/BITS", "", "an address of that stack, as in a machine", Times::often},
    {"gateway", "ADDRESS", "", "a router for what lies beyond those networks", Times::often},
    {"dns", "ADDRESS", "", "a server of names", Times::often},
    {"dhcp", "on|off", "off", "whether to ask the network for an address"},
};

using Values = std::map<std::string_view, std::vector<std::string>>;

std::unexpected<Error> wrong(const Setting& setting, std::string_view value,
                             const std::string& why) {
  return fail(Error::Kind::invalid,
              "--" + std::string(setting.name) + " cannot be \"" + printable(value) + "\": " + why);
}

Result<const Setting*> find(std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  std::vector<std::string> known;
  for (const Setting& setting : kSettings) known.emplace_back(setting.name);
  std::string message = "there is no setting --" + printable(name);
  if (auto near = cli::nearest(name, known)) message += "; the nearest is --" + *near;
  return fail(Error::Kind::invalid, message);
}

Result<Values> take_apart(std::span<const std::string> words) {
  Values values;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with("--")) {
      return fail(Error::Kind::invalid,
                  "\"" + printable(word) + "\" is no setting: those begin with --");
    }
    word.remove_prefix(2);
    const size_t equals = word.find('=');
    auto setting = find(word.substr(0, equals));
    if (!setting) return pass_on(setting);
    if (equals == word.npos && i + 1 == words.size()) {
      return fail(Error::Kind::invalid, "--" + std::string((*setting)->name) +
                                            " wants a value: " + std::string((*setting)->type));
    }
    values[(*setting)->name].push_back(equals == word.npos ? words[++i]
                                                           : std::string(word.substr(equals + 1)));
  }
  for (const Setting& setting : kSettings) {
    auto& given = values[setting.name];
    if (given.empty() && !setting.standard.empty()) given.emplace_back(setting.standard);
    if (setting.times == Times::once && given.size() > 1)
      given.erase(given.begin(), given.end() - 1);
  }
  return values;
}

// Reads values one after the other; the first that is wrong is kept.
class Reader {
 public:
  explicit Reader(const Values& values) : values_(values) {}

  std::string word(std::string_view name) const {
    const auto& given = values_.at(name);
    return given.empty() ? "" : given.back();
  }
  void count(std::string_view name, uint64_t& to) {
    each(name, [&](std::string_view text) -> std::optional<std::string> {
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
      if (error != std::errc{} || end != text.data() + text.size()) return "it is no number";
      return std::nullopt;
    });
  }
  void endpoint(std::string_view name, std::string& to) {
    each(name, [&](std::string_view text) -> std::optional<std::string> {
      auto address = parse_address("uk://" + std::string(text));
      if (!address || address->fingerprint) return "it is no HOST:PORT";
      to = text;
      return std::nullopt;
    });
  }
  template <class T>
  void choice(std::string_view name, T& to, const std::map<std::string_view, T>& choices) {
    each(name, [&](std::string_view text) -> std::optional<std::string> {
      auto chosen = choices.find(text);
      if (chosen == choices.end()) return "it is " + std::string((*find(name))->type);
      to = chosen->second;
      return std::nullopt;
    });
  }
  template <class T, class Parse>
  void list(std::string_view name, std::vector<T>& to, Parse parse, const char* why) {
    each(name, [&](std::string_view text) -> std::optional<std::string> {
      auto value = parse(text);
      if (!value) return why;
      to.push_back(*value);
      return std::nullopt;
    });
  }
  // `read` says what is wrong with a value.
  template <class Read>
  void each(std::string_view name, Read read) {
    for (const std::string& text : values_.at(name)) {
      if (wrong_) return;
      if (auto why = read(text)) wrong_ = wrong(**find(name), text, *why).error();
    }
  }
  const std::optional<Error>& first_wrong() const { return wrong_; }

 private:
  const Values& values_;
  std::optional<Error> wrong_;
};

void read_peers(Reader& reader, Config& config) {
  reader.each("peer", [&](std::string_view text) -> std::optional<std::string> {
    auto address = parse_address(text);
    if (!address) return address.error().message;
    if (!address->fingerprint && config.new_keys == Config::NewKeys::refuse) {
      return "its fingerprint is missing, and --trust-new is off";
    }
    if (address->fingerprint) config.trusted.push_back(*address->fingerprint);
    config.peers.push_back(*address);
    return std::nullopt;
  });
  reader.list(
      "trust", config.trusted,
      [](std::string_view text) {
        return is_fingerprint(text) ? std::optional(Bytes(text)) : std::nullopt;
      },
      "a fingerprint is 64 lower-case hex digits");
}

void read_stack(Reader& reader, Config& config) {
  config.tap = reader.word("tap");
  reader.list("address", config.addresses, net::parse_cidr, "it is no ADDRESS/BITS");
  reader.list("gateway", config.gateways, net::parse_ip, "it is no address");
  reader.list("dns", config.dns_servers, net::parse_ip, "it is no address");
  reader.choice("dhcp", config.dhcp, {{"on", net::Dhcp::on}, {"off", net::Dhcp::off}});
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

Result<Config> parse_config(std::span<const std::string> words) {
  auto values = take_apart(words);
  if (!values) return pass_on(values);
  Config config;
  Reader reader(*values);
  config.store = reader.word("store");
  reader.endpoint("listen", config.listen);
  reader.endpoint("metrics", config.metrics);
  reader.count("connections", config.connections_max);
  reader.count("stop-after", config.stop_after_s);
  reader.choice("strangers", config.strangers,
                {{"none", Right::none}, {"read", Right::read}, {"merge", Right::merge}});
  using New = Config::NewKeys;
  reader.choice("trust-new", config.new_keys, {{"on", New::trust}, {"off", New::refuse}});
  read_peers(reader, config);
  read_stack(reader, config);
  reader.each("branch", [&](std::string_view name) -> std::optional<std::string> {
    if (auto good = check_ref_name(name); !good) return good.error().message;
    config.branches.emplace_back(name);
    return std::nullopt;
  });
  if (reader.first_wrong()) return std::unexpected(*reader.first_wrong());
  return config;
}

std::string describe_settings() {
  std::string table = "| setting | takes | if not given | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : kSettings) {
    std::string type(setting.type);
    for (size_t at = 0; (at = type.find('|', at)) != type.npos; at += 2) type.insert(at, "\\");
    table += "| `--" + std::string(setting.name) + "` | " + type + " | " +
             std::string(setting.standard) + " | " + std::string(setting.meaning) +
             (setting.times == Times::often ? "; may be repeated" : "") + " |\n";
  }
  return table;
}

}  // namespace ukstore::node
