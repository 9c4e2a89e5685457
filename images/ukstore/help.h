#pragma once
// What the command line says of itself, all of it from the table of commands.

#include <ukstore/images/ukstore/command.h>
#include <ukstore/images/ukstore/context.h>

namespace ukstore::cli {

void print_version(Output& out);
// All commands, a line each.
void print_overview(Output& out);
// One command: usage, options, an example with its output.
void print_help(Output& out, const Command& command);
// What to do next, for who has typed `ukstore` alone.
void print_what_next(Context& context);
// docs/cli.md.
void print_markdown(Output& out);

}  // namespace ukstore::cli
