#include <ukstore/images/ukstore/machine_state.h>

#include <ukstore/images/ukstore/nearest.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

fs::path run_folder(const Context& context) {
  if (const auto runtime = context.variable("XDG_RUNTIME_DIR"))
    return fs::path(*runtime) / "ukstore";
  return "/tmp/ukstore-" + std::to_string(getuid());
}

// A folder in /tmp may have been put there by somebody else.
void make_private(const fs::path& folder) {
  struct stat about{};
  const bool made = mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST;
  const bool ours = made && lstat(folder.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
                    about.st_uid == getuid() && (about.st_mode & 0022) == 0;
  if (ours) return;
  throw Failure{Exit::io,
                "cannot keep the state of machines in " + in_quotes(folder.string()),
                {made ? "it belongs to somebody else" : std::strerror(errno)},
                {"name another place: export XDG_RUNTIME_DIR=$(mktemp -d)"}};
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

MachineState::MachineState(const Context& context, const std::string& name)
    : name_(name), folder_(run_folder(context) / name) {
  const bool good = !name.empty() && name[0] != '.' && name.size() <= 64 &&
                    std::ranges::all_of(name, [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                    });
  if (good) return;
  throw Failure{Exit::usage,
                "a node cannot be called " + in_quotes(name),
                {"a name has letters, digits, '-', '_' and '.'"},
                {"choose another: ukstore node boot --name NAME"}};
}

MachineFiles MachineState::files() const {
  return {folder_ / "console", folder_ / "serial", folder_ / "end"};
}

Json MachineState::about() const {
  const std::string text = contents(folder_ / "about");
  return text.empty() ? Json(nullptr) : Json::parse(text, nullptr, false);
}

void MachineState::begin() {
  if (emulator()) {
    throw Failure{Exit::locked,
                  "a node called " + in_quotes(name_) + " runs already",
                  {},
                  {"stop it: ukstore node stop " + shell_word(name_),
                   "or start another: ukstore node boot --name NAME"}};
  }
  make_private(folder_.parent_path());
  forget();
  make_private(folder_);
  if (files().serial.string().size() >= sizeof(sockaddr_un::sun_path)) {
    throw Failure{Exit::user_error,
                  "the path " + in_quotes(files().serial.string()) + " is too long for a socket",
                  {},
                  {"name a shorter place: export XDG_RUNTIME_DIR=$(mktemp -d)"}};
  }
}

void MachineState::ready(const Json& about) { std::ofstream(folder_ / "about") << about.dump(); }
void MachineState::remember(pid_t emulator) { std::ofstream(folder_ / "pid") << emulator; }

void MachineState::forget() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

// A process of that number that is not ours has another command line.
std::optional<pid_t> MachineState::emulator() const {
  const std::string text = contents(folder_ / "pid");
  const auto pid = to_count(text);
  if (!pid) return std::nullopt;
  const std::string line = contents("/proc/" + text + "/cmdline");
  if (line.find(files().serial.string()) == line.npos) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

std::optional<int> MachineState::exit_code() const {
  std::ifstream in(files().end);
  std::string word;
  int code = 0;
  if (in >> word >> code && word == "exit") return code;
  return std::nullopt;
}

std::string MachineState::console() const {
  std::string text = contents(files().console);
  std::erase(text, '\r');
  return text;
}

bool MachineState::tell(const std::string& line) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = files().serial.string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const std::string text = line + "\n";
  const bool told = fd >= 0 &&
                    connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                    write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // A connection that is closed at once is cut before what it brought was read: wait for an answer.
  constexpr int kAnswerMaxMs = 10'000;
  char answer[64];
  pollfd serial{fd, POLLIN, 0};
  const bool heard =
      told && poll(&serial, 1, kAnswerMaxMs) > 0 && read(fd, answer, sizeof answer) > 0;
  if (fd >= 0) close(fd);
  return heard;
}

std::vector<MachineState> machines(const Context& context) {
  std::vector<MachineState> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run_folder(context), error)) {
    if (entry.is_directory(error)) found.emplace_back(context, entry.path().filename().string());
  }
  std::ranges::sort(found, {}, &MachineState::name);
  return found;
}

MachineState find_machine(const Context& context, const std::optional<std::string>& name) {
  auto all = machines(context);
  std::vector<std::string> names;
  for (const MachineState& machine : all) names.push_back(machine.name());
  if (!name && all.size() == 1) return all[0];
  if (name) {
    const auto found = std::ranges::find(names, *name);
    if (found != names.end()) return all[static_cast<size_t>(found - names.begin())];
  }
  Failure failure{Exit::not_found,
                  name          ? "there is no node called " + in_quotes(*name)
                  : all.empty() ? "there is no node"
                                : "there are several nodes",
                  {},
                  {"see which there are: ukstore node ps"}};
  if (name) {
    if (const auto hint = did_you_mean(*name, names); !hint.empty()) {
      failure.hints.insert(failure.hints.begin(), hint);
    }
  }
  throw failure;
}

}  // namespace ukstore::cli
