#include <ukstore/images/ukstore/context.h>

#include <ukstore/images/ukstore/revision.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStoreName = ".ukstore";
constexpr size_t kNoteBytesMax = 4096;

}  // namespace

std::optional<std::string> Context::variable(const std::string& name) const {
  const auto found = process_.environment.find(name);
  if (found == process_.environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

fs::path Context::place(const std::string& path) const {
  fs::path base = process_.folder;
  if (const auto folder = arguments_.option("C")) base /= *folder;
  return (base / path).lexically_normal();
}

fs::path Context::store_folder() const {
  if (const auto given = arguments_.option("store")) return place(*given);
  if (const auto given = variable("UKSTORE_STORE")) return place(*given);
  const fs::path start = place(".");
  std::error_code error;
  if (!fs::is_directory(start, error)) {
    throw Failure{Exit::user_error,
                  "there is no folder " + in_quotes(start.string()),
                  {},
                  {"see what is there: ls " + shell_word(start.parent_path().string())}};
  }
  for (fs::path folder = fs::absolute(start, error);; folder = folder.parent_path()) {
    if (fs::exists(folder / kStoreName, error)) return folder / kStoreName;
    if (folder == folder.parent_path()) break;
  }
  throw Failure{Exit::no_store,
                "there is no store in " + in_quotes(start.string()) + " or above it",
                {},
                {"make one here: ukstore init", "or name one: ukstore --store DIR ..."}};
}

std::unique_ptr<Backend> Context::backend(Access access) {
  const fs::path folder = store_folder();
  return must(open_lmdb_backend({.path = folder,
                                 .mode = access == Access::read ? LmdbOptions::Mode::read_only
                                                                : LmdbOptions::Mode::read_write}),
              "cannot open the store " + in_quotes(folder.string()));
}

void Context::open(const fs::path& folder, Access access, LmdbOptions::Create create) {
  const std::string doing = "cannot open the store " + in_quotes(folder.string());
  auto backend =
      must(open_lmdb_backend({.path = folder,
                              .mode = access == Access::read ? LmdbOptions::Mode::read_only
                                                             : LmdbOptions::Mode::read_write,
                              .create = create}),
           doing);
  RepoOptions options;
  if (arguments_.has("no-sync")) options.store.durability = Durability::lazy;
  if (access == Access::write) options.incarnation = incarnation_of(folder);
  repo_ = must(Repo::open(std::move(backend), std::move(options)), doing);
  access_ = access;
}

Repo& Context::repo(Access access) {
  if (!repo_) open(store_folder(), access, LmdbOptions::Create::no);
  assert(access == Access::read || access_ == Access::write);
  return *repo_;
}

Repo& Context::create(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "data.mdb", error)) {
    throw Failure{Exit::user_error,
                  "there is a store at " + in_quotes(folder.string()) + " already",
                  {},
                  {"use it: ukstore --store " + shell_word(folder.string()) + " status"}};
  }
  open(folder, Access::write, LmdbOptions::Create::yes);
  return *repo_;
}

void Context::close() {
  if (repo_ && access_ == Access::write) must(repo_->store().close(), "cannot finish writing");
  repo_.reset();
}

Bytes Context::branch_name() const { return arguments_.option("branch").value_or("main"); }

Branch Context::branch_to_write() {
  for (const std::string past : {"at", "at-journal"}) {
    if (!arguments_.has(past)) continue;
    throw Failure{
        Exit::usage,
        "nothing can be written with --" + past + " " + in_quotes(*arguments_.option(past)),
        {"it names the past, which does not change"},
        {"branch off there and write to that: ukstore branch create NAME REV"}};
  }
  const Bytes name = branch_name();
  must(check_ref_name(name), "there can be no branch " + in_quotes(name));
  return repo(Access::write).branch(name);
}

std::optional<uint64_t> Context::journal_position() {
  const auto position = arguments_.number("at-journal");
  if (!position) return std::nullopt;
  const uint64_t last = must(repo(Access::read).store().last_sequence(), "cannot read the journal");
  if (*position <= last) return position;
  throw no_such_entry(*position, last);
}

std::optional<ObjectRef> Context::commit() {
  if (const auto at = arguments_.option("at")) return resolve_revision(*this, *at);
  const Bytes name = branch_name();
  const auto head = find_ref(*this, RefKind::branch, name);
  if (head) return head->ref;
  if (arguments_.has("branch")) throw no_such_branch(*this, name);
  return std::nullopt;
}

State Context::state() {
  const auto at = commit();
  Repo& store = repo(Access::read);
  if (!at) return State(Tree(store.store().objects()));
  return must(store.state_at(*at), "cannot read commit " + to_hex(at->hash));
}

Bytes Context::command_line() const {
  Bytes line = "ukstore";
  for (const std::string& word : process_.words) line += " " + shell_word(word);
  if (line.size() > kNoteBytesMax) line = line.substr(0, kNoteBytesMax) + "...";
  return line;
}

int64_t Context::now_ms() const {
  // A date of the user's makes commits that can be made again.
  if (const auto date = variable("UKSTORE_DATE")) {
    if (const auto seconds = to_integer(*date)) return *seconds * 1000;
    throw Failure{Exit::user_error,
                  "UKSTORE_DATE is " + in_quotes(*date) + ", which is no number of seconds",
                  {},
                  {"set it as: UKSTORE_DATE=$(date +%s)"}};
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

CommitInfo Context::commit_info(const std::string& message) const {
  std::string name = variable("UKSTORE_AUTHOR").value_or("");
  if (name.empty()) {
    const std::string user = variable("USER").value_or("user");
    name = user + " <" + user + "@localhost>";
  }
  std::erase_if(name, [](char c) { return c == '\n' || c == '\0'; });
  const int64_t now = now_ms();
  CommitInfo info{.message = arguments_.option("message").value_or(message),
                  .author = Signature{.name = name, .seconds = now / 1000},
                  .note = command_line(),
                  .when_ms = now};
  info.committer = info.author;
  return info;
}

Bytes Context::read_input() const {
  Bytes all;
  char piece[64 << 10];
  for (;;) {
    const ssize_t size = ::read(process_.in, piece, sizeof piece);
    if (size == 0) return all;
    if (size > 0) {
      all.append(piece, static_cast<size_t>(size));
    } else if (errno != EINTR) {
      throw Failure{Exit::io,
                    "cannot read standard input",
                    {std::strerror(errno)},
                    {"give the value as an argument instead of -"}};
    }
  }
}

Bytes incarnation_of(const fs::path& folder) {
  Bytes identity;
  std::ifstream boot("/proc/sys/kernel/random/boot_id");
  std::getline(boot, identity);
  // Of the file: where it lies, and when it was born, as a number is given again once its file is
  // gone.
  struct statx about{};
  const fs::path file = folder / "data.mdb";
  if (identity.empty() || statx(AT_FDCWD, file.c_str(), 0, STATX_INO | STATX_BTIME, &about) != 0 ||
      !(about.stx_mask & STATX_BTIME)) {
    return {};
  }
  append_le<uint32_t>(identity, about.stx_dev_major);
  append_le<uint32_t>(identity, about.stx_dev_minor);
  append_le<uint64_t>(identity, about.stx_ino);
  append_le<uint64_t>(identity, static_cast<uint64_t>(about.stx_btime.tv_sec));
  append_le<uint32_t>(identity, about.stx_btime.tv_nsec);
  return identity;
}

}  // namespace ukstore::cli
