#pragma once
// A node's settings (images/node/config.h) as options of commands.

#include <ukstore/images/ukstore/arguments.h>

namespace ukstore::cli {

// All but those that every command takes: --store, --branch.
std::vector<Option> setting_options();
// Those that were given, as words for `node::parse_config`.
std::vector<std::string> setting_words(const Arguments& arguments);

}  // namespace ukstore::cli
