#pragma once
// JSON as the command line writes and reads it.  Fields stand in the order in which they were put.

#include <ukstore/store/bytes.h>
#include <ukstore/store/hash.h>

#include <nlohmann/json.hpp>

#include <optional>

namespace ukstore::cli {

using Json = nlohmann::ordered_json;

// Sets `name` to the bytes if they are UTF-8, else `name`_base64 to their base64.
void put_bytes(Json& object, const std::string& name, BytesView bytes);

// What put_bytes has put; nullopt if neither field is there.  Throws a Failure that names the
// field if it is no string or not base64.
std::optional<Bytes> take_bytes(const Json& object, const std::string& name);

bool is_utf8(BytesView bytes);
std::string to_base64(BytesView bytes);
std::optional<Bytes> from_base64(std::string_view text);

// One line, without its end.  What is no UTF-8 after all becomes U+FFFD.
std::string line_of(const Json& value);

// The text as JSON.  Throws a Failure of `what` ("line 3 of the batch") that tells where it breaks.
Json parse_json(std::string_view text, const std::string& what);

}  // namespace ukstore::cli
