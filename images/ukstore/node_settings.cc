#include <ukstore/images/ukstore/node_settings.h>

#include <ukstore/images/node/config.h>

#include <algorithm>

namespace ukstore::cli {

std::vector<Option> setting_options() {
  std::vector<Option> options;
  for (const node::Setting& setting : node::settings()) {
    const bool global = std::ranges::any_of(
        global_options(), [&](const Option& option) { return option.name == setting.name; });
    if (!global) options.push_back({setting.name, 0, setting.type, setting.meaning});
  }
  return options;
}

std::vector<std::string> setting_words(const Arguments& arguments) {
  std::vector<std::string> words;
  for (const node::Setting& setting : node::settings()) {
    if (setting.name == "store") continue;
    for (const std::string& value : arguments.all(setting.name)) {
      words.push_back("--" + std::string(setting.name) + "=" + value);
    }
  }
  return words;
}

}  // namespace ukstore::cli
