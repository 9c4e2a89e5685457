// node boot, ps, logs, stop: nodes as machines under QEMU.
#include <ukstore/images/node/config.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/machine_state.h>
#include <ukstore/images/ukstore/node_settings.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace ukstore::cli {
namespace {

constexpr int kLookMs = 50;
constexpr int kStopLooksMax = 20'000 / kLookMs;

void pause() { poll(nullptr, 0, kLookMs); }

// Settings that `node boot` decides itself.
bool is_decided(std::string_view name) {
  return name == "store" || name == "listen" || name == "metrics" || name == "tap";
}

std::vector<std::string> settings_of(const Arguments& arguments, const Machine& machine) {
  std::vector<std::string> words;
  for (const std::string& word : setting_words(arguments)) {
    const size_t equals = word.find('=');
    if (is_decided(std::string_view(word).substr(2, equals - 2))) continue;
    const bool peer = word.starts_with("--peer=") && machine.tap.empty();
    words.push_back(peer ? as_seen_by_guest(word) : word);
  }
  if (machine.tap.empty() && !arguments.has("address") && !arguments.has("dhcp")) {
    words.insert(words.end(), {"--address=10.0.2.15/24", "--gateway=10.0.2.2", "--dns=10.0.2.3"});
  }
  words.push_back("--listen=*:" + std::to_string(kNodePort));
  words.push_back("--metrics=*:" + std::to_string(kMetricsPort));
  auto config = must(node::parse_config(words), "cannot boot a node");
  if (!machine.tap.empty() && config.addresses.empty() && config.dhcp == net::Dhcp::off) {
    throw Failure{
        Exit::usage,
        "a node on a TAP device needs an address",
        {},
        {"give it one of the device's network: --address 10.9.0.2/24", "or let it ask: --dhcp on"}};
  }
  return words;
}

uint16_t port_of(const Arguments& arguments, std::string_view option) {
  const auto given = arguments.number(option);
  return given ? static_cast<uint16_t>(*given) : free_port();
}

Machine machine_of(Context& context, const Arguments& arguments, const MachineState& state) {
  Machine machine;
  const auto image = arguments.option("image");
  machine.image = image ? context.place(*image) : find_image();
  if (!std::filesystem::exists(machine.image)) {
    throw Failure{Exit::not_found,
                  "there is no image " + in_quotes(*image),
                  {},
                  {"name another, or none: ukstore node boot --image FILE"}};
  }
  machine.disk = context.place(arguments.option("disk").value_or(state.name() + ".disk"));
  machine.memory_mib = arguments.number("memory").value_or(machine.memory_mib);
  const std::string net = arguments.option("net").value_or("user");
  if (net.starts_with("tap:")) {
    machine.tap = net.substr(4);
    need_tap(machine.tap);
  } else if (net == "user") {
    machine.port = port_of(arguments, "port");
    machine.metrics_port = port_of(arguments, "metrics-port");
  } else {
    throw Failure{Exit::usage,
                  "there is no network " + in_quotes(net),
                  {"it is user, or tap:NAME"},
                  {"without a device of its own: ukstore node boot --net user"}};
  }
  machine.files = state.files();
  machine.settings = settings_of(arguments, machine);
  return machine;
}

pid_t start(const Machine& machine, const std::filesystem::path& errors) {
  const auto command = qemu_command(machine);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  // A session of its own: ctrl-C here is told to the node, and does not kill its machine.
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDWR);
  const int log = open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(nothing, 0);
  dup2(nothing, 1);
  dup2(log, 2);
  execvp(words[0], words.data());
  _exit(127);
}

[[noreturn]] void fail_of(const MachineState& state, const std::string& doing) {
  Failure failure{Exit::io, doing, {}, {"see what it said: ukstore node logs " + state.name()}};
  std::ifstream errors(state.errors());
  for (std::string line; std::getline(errors, line);) failure.causes.push_back(line);
  std::istringstream console(state.console());
  for (std::string line; std::getline(console, line);) {
    if (line.starts_with("error: ")) failure.causes.push_back(line.substr(7));
  }
  throw failure;
}

// The fingerprint that the node tells once it serves.
std::optional<std::string> fingerprint_in(const std::string& console) {
  const size_t at = console.starts_with("node ") ? 0 : console.find("\nnode ");
  const size_t end = console.find(" listening on ");
  if (at == console.npos || end == console.npos) return std::nullopt;
  const size_t begin = console.find("node ", at) + 5;
  return console.substr(begin, end - begin);
}

// Runs while the node does: copies its console, and tells it of ctrl-C.
Exit attend(Context& context, MachineState& state, pid_t child, size_t shown) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  for (int status = 0;;) {
    const bool ended = waitpid(child, &status, WNOHANG) == child;
    const std::string console = state.console();
    if (!context.out().is_json() && console.size() > shown) {
      context.out().bytes(std::string_view(console).substr(shown));
      context.out().flush_quietly();
    }
    shown = console.size();
    if (ended) break;
    const timespec look{0, kLookMs * 1'000'000};
    if (sigtimedwait(&ends, nullptr, &look) > 0 && !state.tell("stop")) kill(child, SIGKILL);
  }
  const auto code = state.exit_code();
  if (code != 0) fail_of(state, "the node " + in_quotes(state.name()) + " has ended badly");
  state.forget();
  return Exit::done;
}

Json about_of(const Machine& machine, const MachineState& state, pid_t child,
              const std::string& fingerprint, const Arguments& arguments) {
  std::string host = "127.0.0.1";
  uint16_t port = machine.port, metrics = machine.metrics_port;
  if (!machine.tap.empty()) {
    host = arguments.option("address").value_or("*");
    host = host.substr(0, host.find('/'));
    port = kNodePort;
    metrics = kMetricsPort;
  }
  const std::string at = host + ":" + std::to_string(port);
  return {{"name", state.name()},
          {"state", "running"},
          {"pid", child},
          {"fingerprint", fingerprint},
          {"address", "uk://" + fingerprint + "@" + at},
          {"metrics", "http://" + host + ":" + std::to_string(metrics) + "/metrics"},
          {"disk", std::filesystem::absolute(machine.disk).string()}};
}

void show(Context& context, const Json& about) {
  if (context.out().is_json()) {
    context.out().object(about);
  } else {
    auto text = [&](const char* field) { return about.at(field).get<std::string>(); };
    context.out().line("node " + text("fingerprint") + " listening on " +
                       text("address").substr(text("address").find('@') + 1));
    context.out().note("its address is " + text("address"));
    context.out().note("its figures: curl " + text("metrics"));
  }
  context.out().flush_quietly();
}

Exit boot(Context& context, const Arguments& arguments) {
  MachineState state(context, arguments.option("name").value_or("node"));
  const Machine machine = machine_of(context, arguments, state);
  if (arguments.has("print")) {
    std::string line;
    for (const std::string& word : qemu_command(machine)) {
      line += (line.empty() ? "" : " ") + shell_word(word);
    }
    if (context.out().is_json()) {
      context.out().object({{"command", qemu_command(machine)}});
    } else {
      context.out().line(line);
    }
    return Exit::done;
  }
  need_qemu();
  make_disk(machine.disk, arguments.number("disk-size").value_or(256));
  state.begin();
  // From here on ctrl-C is told to the node.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  if (!arguments.has("detach")) sigprocmask(SIG_BLOCK, &ends, nullptr);
  const pid_t child = start(machine, state.errors());
  state.remember(child);
  std::optional<std::string> fingerprint;
  while (!(fingerprint = fingerprint_in(state.console()))) {
    if (waitpid(child, nullptr, WNOHANG) == child) {
      fail_of(state, "the node " + in_quotes(state.name()) + " did not start");
    }
    pause();
  }
  const Json about = about_of(machine, state, child, *fingerprint, arguments);
  state.ready(about);
  show(context, about);
  if (arguments.has("detach")) return Exit::done;
  return attend(context, state, child, state.console().size());
}

Exit ps(Context& context, const Arguments&) {
  for (const MachineState& state : machines(context)) {
    Json about = state.about();
    if (!about.is_object()) about = {{"name", state.name()}};
    if (!state.emulator()) {
      const auto code = state.exit_code();
      about["state"] = code ? "ended with " + std::to_string(*code) : "killed";
      about.erase("pid");
    }
    if (context.out().is_json()) {
      context.out().object(about);
    } else {
      std::string line = state.name() + "  " + about.value("state", "starting");
      if (about.contains("address")) line += "  " + about.at("address").get<std::string>();
      context.out().line(line);
    }
  }
  return Exit::done;
}

Exit logs(Context& context, const Arguments& arguments) {
  const MachineState state = find_machine(context, arguments.find("NAME"));
  size_t shown = 0;
  for (bool running = true; running; pause()) {
    running = arguments.has("follow") && state.emulator();
    const std::string console = state.console();
    std::istringstream lines(console.substr(shown));
    shown = console.size();
    for (std::string line; std::getline(lines, line);) {
      if (context.out().is_json()) {
        context.out().object({{"line", line}});
      } else {
        context.out().line(line);
      }
    }
    context.out().flush();
  }
  return Exit::done;
}

Exit stop(Context& context, const Arguments& arguments) {
  MachineState state = find_machine(context, arguments.find("NAME"));
  std::string how = "stopped";
  if (!state.emulator()) how = "gone";
  if (state.emulator() && !state.tell("stop")) how = "killed";
  for (int look = 0; state.emulator(); ++look) {
    if (how == "killed" || look >= kStopLooksMax) {
      // Its store is whole however it ends.
      how = "killed";
      kill(*state.emulator(), SIGKILL);
    }
    pause();
  }
  state.forget();
  if (context.out().is_json()) {
    context.out().object({{"name", state.name()}, {"result", how}});
  } else {
    context.out().line("node " + in_quotes(state.name()) + " " + how);
  }
  return Exit::done;
}

std::vector<Option> boot_options() {
  std::vector<Option> options = {
      {"name", 0, "NAME", "what to call it; node if not given"},
      {"memory", 0, "MIB", "memory of the machine, in MiB; 64 if not given"},
      {"disk", 0, "FILE", "its disk, made if absent; NAME.disk if not given"},
      {"disk-size", 0, "MIB", "how large to make the disk, in MiB; 256 if not given"},
      {"net", 0, "user|tap:NAME", "QEMU's own network, or a TAP device"},
      {"port", 0, "N", "the port of 127.0.0.1 for peers, without a TAP; a free one if not given"},
      {"metrics-port", 0, "N", "and the one for the figures"},
      {"detach", 0, "", "return when it serves, and leave it running"},
      {"image", 0, "FILE", "another image"},
      {"print", 0, "", "print QEMU's command line, and do nothing"}};
  for (const Option& option : setting_options()) {
    if (!is_decided(option.name)) options.push_back(option);
  }
  return options;
}

}  // namespace

std::vector<Command> node_machine_commands() {
  return {
      {.name = "node boot",
       .usage = "",
       .summary = "boots a node as a machine of its own under QEMU, until ctrl-C",
       .more = "The disk is the store; the node's key is made at its first boot.  With --detach it "
               "runs on: see\n`ukstore node ps`, `logs`, `stop`.  In QEMU's own network a peer at "
               "127.0.0.1 is one on this host.",
       .options = boot_options(),
       .example = {"touch node.elf",
                   "ukstore node boot --image node.elf --memory 32 --print | grep -o -- '-m 32M'",
                   "-m 32M\n"},
       .run = boot},
      {.name = "node ps",
       .usage = "",
       .summary = "the nodes that run as machines, and those that have ended badly",
       .example = {"export XDG_RUNTIME_DIR=$PWD\nmkdir -p -m 700 ukstore/old",
                   "XDG_RUNTIME_DIR=$PWD ukstore node ps", "old  killed\n"},
       .run = ps},
      {.name = "node logs",
       .usage = "[NAME]",
       .summary = "what a node has printed on its console",
       .options = {{"follow", 'f', "", "go on while it runs"}},
       .example = {"mkdir -p -m 700 ukstore/old\necho hello > ukstore/old/console",
                   "XDG_RUNTIME_DIR=$PWD ukstore node logs old", "hello\n"},
       .run = logs},
      {.name = "node stop",
       .usage = "[NAME]",
       .summary = "ends a node that runs as a machine: it closes its store first",
       .example = {"mkdir -p -m 700 ukstore/old", "XDG_RUNTIME_DIR=$PWD ukstore node stop old",
                   "node \"old\" gone\n"},
       .run = stop},
  };
}

}  // namespace ukstore::cli
