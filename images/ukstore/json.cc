#include <ukstore/images/ukstore/json.h>

#include <ukstore/images/ukstore/failure.h>

#include <openssl/evp.h>

namespace ukstore::cli {

bool is_utf8(BytesView bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto at = [&](size_t k) { return static_cast<uint8_t>(bytes[k]); };
    const uint8_t first = at(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || i + size > bytes.size()) return false;
    for (size_t k = 1; k < size; ++k) {
      if ((at(i + k) & 0xc0) != 0x80) return false;
    }
    // Overlong forms, surrogates, beyond U+10FFFF.
    if ((first == 0xe0 && at(i + 1) < 0xa0) || (first == 0xed && at(i + 1) > 0x9f) ||
        (first == 0xf0 && at(i + 1) < 0x90) || (first == 0xf4 && at(i + 1) > 0x8f)) {
      return false;
    }
    i += size;
  }
  return true;
}

std::string to_base64(BytesView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<size_t>(size));
  // OpenSSL counts the padding as zeros.
  for (size_t i = 0; i < 2 && text.ends_with('='); ++i) {
    text.remove_suffix(1);
    bytes.pop_back();
  }
  return bytes;
}

void put_bytes(Json& object, const std::string& name, BytesView bytes) {
  if (is_utf8(bytes)) {
    object[name] = std::string(bytes);
  } else {
    object[name + "_base64"] = to_base64(bytes);
  }
}

std::optional<Bytes> take_bytes(const Json& object, const std::string& name) {
  const auto text = [&](const std::string& field) -> std::optional<std::string> {
    const auto found = object.find(field);
    if (found == object.end()) return std::nullopt;
    if (!found->is_string()) {
      throw Failure{Exit::user_error,
                    "the field " + in_quotes(field) + " is no string",
                    {"it is " + found->dump()},
                    {"write it as text: {" + in_quotes(field) + ":\"...\"}"}};
    }
    return found->get<std::string>();
  };
  if (auto plain = text(name)) return plain;
  const auto encoded = text(name + "_base64");
  if (!encoded) return std::nullopt;
  auto bytes = from_base64(*encoded);
  if (!bytes) {
    throw Failure{Exit::user_error,
                  in_quotes(*encoded) + " is not base64",
                  {"it stands in the field " + in_quotes(name + "_base64")},
                  {"encode it with: base64 -w0"}};
  }
  return bytes;
}

std::string line_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse_json(std::string_view text, const std::string& what) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: ...": ours is one line.
    std::string why = error.what();
    const size_t start = why.find("parse error at ");
    if (start != std::string::npos) why = why.substr(start);
    throw Failure{Exit::user_error,
                  what + " is not JSON: " + in_quotes(text),
                  {why},
                  {"a line looks like {\"op\":\"set\",\"path\":\"a/b\",\"value\":\"text\"}"}};
  }
}

}  // namespace ukstore::cli
