#include <ukstore/merge/exchange/json.h>

#include <ukstore/merge/exchange/value_view.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>

#include <openssl/evp.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ukstore {
namespace {

using Json = nlohmann::json;

Bytes base64(BytesView bytes) {
  Bytes text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                             reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

// A string's text; nullopt if it is no UTF-8.
std::optional<Bytes> text_of(BytesView bytes) {
  try {
    return Json(bytes).dump();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Bytes string_or_base64(BytesView bytes) {
  if (auto text = text_of(bytes)) return *text;
  return Json{{"base64", base64(bytes)}}.dump();
}

// Bytes that are a canonical text; what is nested too deep is none, as it is refused on its way in.
bool is_canonical(BytesView bytes) {
  constexpr int kDepthMax = 500;
  int depth = 0, deepest = 0;
  for (char byte : bytes) {
    if (byte == '[' || byte == '{') deepest = std::max(deepest, ++depth);
    if (byte == ']' || byte == '}') --depth;
  }
  if (deepest > kDepthMax) return false;
  Json value = Json::parse(bytes, nullptr, false);
  return !value.is_discarded() && value.dump() == bytes;
}

Result<Bytes> array_of(const Result<std::vector<Bytes>>& values) {
  if (!values) return pass_on(values);
  Bytes text;
  for (const Bytes& value : *values) text += (text.empty() ? "" : ",") + string_or_base64(value);
  return "[" + text + "]";
}

Result<Bytes> typed_text(const State& state, BytesView path, Kind kind) {
  switch (kind) {
    case Kind::counter: {
      auto number = state.at<Counter>(path).value();
      if (!number) return pass_on(number);
      return std::to_string(*number);
    }
    case Kind::flag: {
      auto on = state.at<Flag>(path).is_on();
      if (!on) return pass_on(on);
      return Bytes(*on ? "true" : "false");
    }
    case Kind::last_writer: {
      auto value = state.at<LastWriter<Bytes>>(path).value();
      if (!value) return pass_on(value);
      return *value ? string_or_base64(**value) : Bytes("null");
    }
    case Kind::multi_value:
      return array_of(state.at<MultiValue<Bytes>>(path).values());
    case Kind::set:
      return array_of(state.at<Set<Bytes>>(path).elements());
    case Kind::log:
      return array_of(state.at<AppendLog<Bytes>>(path).entries());
    default: {
      auto bytes = state.user_state(path, kind);
      if (!bytes) return pass_on(bytes);
      return string_or_base64(bytes->value_or(Bytes()));
    }
  }
}

class Writer {
 public:
  Writer(const State& state, ByteSink& sink) : state_(state), sink_(sink) {}

  Result<void> object(const Bytes& path) {
    auto names = state_.list(path);
    if (!names) return pass_on(names);
    if (auto ok = put("{"); !ok) return ok;
    // In the order of the keys, which escapes may make another one than that of the steps.
    std::vector<std::pair<Bytes, ListedName>> members;
    for (ListedName& listed : *names) {
      auto key = key_of_step(listed.name);
      members.emplace_back(key ? *key : listed.name, std::move(listed));
    }
    std::ranges::stable_sort(members, {}, [](const auto& member) { return member.first; });
    bool first = true;
    for (const auto& [key, listed] : members) {
      if (auto ok = put((first ? "" : ",") + string_or_base64_key(key) + ":"); !ok) return ok;
      first = false;
      Bytes below = path.empty() ? listed.name : path + "/" + listed.name;
      if (auto ok = value(below, listed); !ok) return ok;
    }
    return put("}");
  }
  Result<void> flush() {
    auto ok = sink_.write(buffer_);
    buffer_.clear();
    return ok;
  }
  Result<void> put(BytesView text) {
    buffer_ += text;
    return buffer_.size() < 256 * 1024 ? Result<void>() : flush();
  }

 private:
  static Bytes string_or_base64_key(BytesView key) {
    if (auto text = text_of(key)) return *text;
    return Json("base64:" + base64(key)).dump();
  }
  Result<void> value(const Bytes& path, const ListedName& listed) {
    bool is_map = listed.kind == Kind::map;
    if (listed.has_entries_below || is_map) return object(path);
    if (listed.kind && !is_valued(*listed.kind)) {
      auto text = typed_text(state_, path, *listed.kind);
      if (!text) return pass_on(text);
      return put(*text);
    }
    auto bytes = state_.get(path);
    if (!bytes) return pass_on(bytes);
    if (!*bytes) return put("null");
    return put(is_canonical(**bytes) ? **bytes : string_or_base64(**bytes));
  }

  const State& state_;
  ByteSink& sink_;
  Bytes buffer_;
};

}  // namespace

Result<std::vector<Bytes>> export_json(const State& state, ByteSink& sink) {
  auto conflicts = state.conflicts();
  if (!conflicts || !conflicts->empty()) return conflicts;
  Writer writer(state, sink);
  if (auto ok = writer.object({}); !ok) return pass_on(ok);
  if (auto ok = writer.put("\n"); !ok) return pass_on(ok);
  if (auto ok = writer.flush(); !ok) return pass_on(ok);
  return std::vector<Bytes>();
}

}  // namespace ukstore
