// node: storage nodes, as processes and as machines.
#include <ukstore/images/node/node.h>
#include <ukstore/images/node/process_platform.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/node_settings.h>
#include <ukstore/images/ukstore/peers.h>

namespace ukstore::cli {
namespace {

// "node HASH listening on ADDRESS" as {"node":HASH,"listening":ADDRESS}, others as {"event":...}.
void say(Output& out, std::string_view line) {
  if (!out.is_json()) {
    out.line(line);
  } else if (const size_t at = line.find(" listening on "); line.starts_with("node ")) {
    out.object({{"node", line.substr(5, at - 5)}, {"listening", line.substr(at + 14)}});
  } else if (line.starts_with("metrics on ")) {
    out.object({{"metrics", line.substr(11)}});
  } else {
    out.object({{"event", line}});
  }
  out.flush_quietly();  // it serves on though nobody reads its lines any more
}

// Where the store is, or is to be made.
std::filesystem::path folder_of(Context& context) {
  try {
    return context.store_folder();
  } catch (const Failure& failure) {
    if (failure.exit != Exit::no_store) throw;
    return context.place(".ukstore");
  }
}

// `ukstore key trust` counts for a node as it does for `serve`.
void trust_whom_the_store_trusts(node::Config& config) {
  auto backend = open_lmdb_backend({.path = config.store, .mode = LmdbOptions::Mode::read_only});
  auto store = backend ? Store::open(std::move(*backend)) : pass_on(backend);
  if (!store) return;  // there is none yet, or the node itself will say what is wrong with it
  for (const auto& [fingerprint, name] : peers_of(**store).trusted) {
    config.trusted.push_back(fingerprint);
  }
}

Exit run_node(Context& context, const Arguments& arguments) {
  node::Config config = must(node::parse_config(setting_words(arguments)), "cannot run a node");
  config.store = folder_of(context).string();
  trust_whom_the_store_trusts(config);
  set_phase(Phase::following);
  auto platform =
      must(node::open_process(config, [&](std::string_view line) { say(context.out(), line); }),
           "cannot run a node");
  must(node::run(*platform, config), "the node of " + in_quotes(config.store) + " has failed");
  return Exit::done;
}

}  // namespace

std::vector<Command> node_commands() {
  return {
      {.name = "node run",
       .usage = "",
       .summary = "keeps the store in step with its peers, and serves it to them, until ctrl-C",
       .more = "The store is made if there is none.  The first line names the node by the "
               "fingerprint of its key.  With --tap\nit runs on a TCP/IP stack of its own.",
       .options = setting_options(),
       .example = {"", "ukstore node run --listen 127.0.0.1:0 --stop-after 1 | cut -d: -f1",
                   "node HASH listening on 127.0.0.1\nstopping\nstopped\n"},
       .run = run_node},
  };
}

}  // namespace ukstore::cli
