#include <ukstore/merge/types/map.h>

namespace ukstore {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Bytes step_of_key(BytesView key) {
  if (key.empty()) return "%";
  Bytes step;
  for (char c : key) {
    if (c == '%') {
      step += "%25";
    } else if (c == '/') {
      step += "%2F";
    } else if (c == '\0') {
      step += "%00";
    } else {
      step.push_back(c);
    }
  }
  return step;
}

Result<Bytes> key_of_step(BytesView step) {
  if (step == "%") return Bytes();
  Bytes key;
  for (size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '%') {
      key.push_back(step[i]);
      continue;
    }
    int high = i + 3 <= step.size() ? hex_digit(step[i + 1]) : -1;
    int low = i + 3 <= step.size() ? hex_digit(step[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(Error::Kind::corrupt, printable(step) + " is no key of a map");
    }
    key.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return key;
}

Result<std::vector<Bytes>> map_keys(const State& state, BytesView path, BytesView from,
                                    uint64_t limit) {
  auto names = state.list(path, from.empty() ? Bytes() : step_of_key(from), limit);
  if (!names) return pass_on(names);
  std::vector<Bytes> keys;
  for (const ListedName& listed : *names) {
    auto key = key_of_step(listed.name);
    if (!key) return pass_on(key);
    keys.push_back(std::move(*key));
  }
  return keys;
}

void create_map(Tx& tx, BytesView path) {
  tx.attempt([&]() -> Result<void> {
    auto live = tx.settled_is_live(path, Kind::map);
    if (!live) return pass_on(live);
    if (*live) return {};
    auto edit = tx.edit_value(path, Kind::map);
    if (!edit) return pass_on(edit);
    if (!(*edit)->was_live()) (*edit)->touch();
    return {};
  });
}

}  // namespace ukstore
