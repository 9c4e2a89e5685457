#include <ukstore/images/ukstore/commands.h>

namespace ukstore::cli {
namespace {

template <class... Lists>
std::vector<Command> joined(Lists... lists) {
  std::vector<Command> all;
  (all.insert(all.end(), lists.begin(), lists.end()), ...);
  return all;
}

}  // namespace

const std::vector<Group>& groups() {
  static const std::vector<Group> kGroups = {
      {"A store", store_commands()},
      {"Values", value_commands()},
      {"Directories", listing_commands()},
      {"Operations", operation_commands()},
      {"History", history_commands()},
      {"Branches and tags", branch_commands()},
      {"Merging", merge_commands()},
      {"Conflicts", conflict_commands()},
      {"Doing again and taking back", replay_commands()},
      {"The journal", journal_commands()},
      {"Files", archive_commands()},
      {"Other formats", exchange_commands()},
      {"Health", health_commands()},
      {"Watching", watch_commands()},
      {"Copies elsewhere", joined(clone_commands(), transfer_commands(), remote_commands())},
      {"Serving", joined(serve_commands(), key_commands(), acl_commands())},
      {"Nodes", joined(node_commands(), node_machine_commands())},
      {"Help", help_commands()},
  };
  return kGroups;
}

const Command* find_command(const std::vector<std::string>& words) {
  const Command* found = nullptr;
  if (words.empty()) return found;
  const std::string both = words.size() > 1 ? words[0] + " " + words[1] : "";
  for (const Group& group : groups()) {
    for (const Command& command : group.commands) {
      if (command.name == both) return &command;
      if (command.name == words[0]) found = &command;
    }
  }
  return found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Group& group : groups()) {
    for (const Command& command : group.commands) names.emplace_back(command.name);
  }
  return names;
}

std::vector<std::string> second_words(std::string_view first) {
  std::vector<std::string> words;
  for (const std::string& name : command_names()) {
    if (name.size() > first.size() && name.starts_with(first) && name[first.size()] == ' ') {
      words.push_back(name.substr(first.size() + 1));
    }
  }
  return words;
}

}  // namespace ukstore::cli
