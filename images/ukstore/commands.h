#pragma once
// All commands, group by group (command.h tells how to add one).

#include <ukstore/images/ukstore/command.h>

namespace ukstore::cli {

struct Group {
  std::string_view title;
  std::vector<Command> commands;
};

const std::vector<Group>& groups();

// The command that the words begin with, two words before one; null if there is none.
const Command* find_command(const std::vector<std::string>& words);
// The names of all commands, and those that go on from a first word ("branch": create, ...).
std::vector<std::string> command_names();
std::vector<std::string> second_words(std::string_view first);

// ---- The groups, one file each below commands/.
std::vector<Command> store_commands();
std::vector<Command> value_commands();
std::vector<Command> operation_commands();
std::vector<Command> listing_commands();
std::vector<Command> history_commands();
std::vector<Command> branch_commands();
std::vector<Command> merge_commands();
std::vector<Command> conflict_commands();
std::vector<Command> replay_commands();
std::vector<Command> journal_commands();
std::vector<Command> archive_commands();
std::vector<Command> exchange_commands();
std::vector<Command> health_commands();
std::vector<Command> watch_commands();
std::vector<Command> key_commands();
std::vector<Command> acl_commands();
std::vector<Command> remote_commands();
std::vector<Command> clone_commands();
std::vector<Command> transfer_commands();
std::vector<Command> serve_commands();
std::vector<Command> node_commands();
std::vector<Command> node_machine_commands();
std::vector<Command> help_commands();

}  // namespace ukstore::cli
