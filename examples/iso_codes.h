#pragma once
// The lists of countries, regions, currencies, scripts and languages of Debian's package iso-codes,
// as paths and values: "3166-1/CH/name" holds "Switzerland".

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ukstore::examples {

struct IsoList {
  std::string name;                                         // "3166-1"
  std::vector<std::pair<std::string, std::string>> values;  // path and value, in the file's order
};

// All lists below `folder`, sorted by name.  Throws what the file system or the JSON parser throws.
std::vector<IsoList> read_iso_codes(const std::filesystem::path& folder);

}  // namespace ukstore::examples
