#include <ukstore/examples/iso_codes.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace ukstore::examples {
namespace {

using nlohmann::json;

// The field that names each record of a list: the first of these that all have, and no two the
// same.
std::string key_field(const json& records) {
  for (const char* field : {"code", "alpha_4", "alpha_2", "alpha_3"}) {
    std::set<std::string> seen;
    const bool unique = std::ranges::all_of(records, [&](const json& record) {
      return record.contains(field) && seen.insert(record.at(field).get<std::string>()).second;
    });
    if (unique) return field;
  }
  throw std::runtime_error("a list of iso-codes has no field that names its records");
}

IsoList read_list(const std::filesystem::path& file) {
  std::ifstream in(file);
  const json document = json::parse(in);
  IsoList list{.name = document.begin().key(), .values = {}};
  const json& records = document.begin().value();
  const std::string key = key_field(records);
  for (const json& record : records) {
    const std::string place = list.name + "/" + record.at(key).get<std::string>() + "/";
    for (const auto& [field, value] : record.items()) {
      list.values.emplace_back(place + field, value.get<std::string>());
    }
  }
  return list;
}

}  // namespace

std::vector<IsoList> read_iso_codes(const std::filesystem::path& folder) {
  std::vector<IsoList> lists;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("iso_")) lists.push_back(read_list(entry));
  }
  std::ranges::sort(lists, {}, &IsoList::name);
  return lists;
}

}  // namespace ukstore::examples
