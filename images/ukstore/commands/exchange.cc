// import and export: git, JSON and tar.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/files.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/merge/exchange/json.h>
#include <ukstore/merge/exchange/tar.h>

#include <exception>

#include <unistd.h>

namespace ukstore::cli {
namespace {

// Files as the libraries take them.  What a file throws is kept until the library has come back.
class FileSource final : public ByteSource {
 public:
  explicit FileSource(OldFile& file) : file_(file) {}
  Result<size_t> read(std::span<char> to) override {
    try {
      return file_.read(to);
    } catch (...) {
      thrown_ = std::current_exception();
      return fail(Error::Kind::io, "the input cannot be read");
    }
  }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  OldFile& file_;
  std::exception_ptr thrown_;
};

class FileSink final : public ByteSink {
 public:
  explicit FileSink(NewFile& file) : file_(file) {}
  Result<void> write(BytesView bytes) override {
    try {
      file_.write(bytes);
      return {};
    } catch (...) {
      thrown_ = std::current_exception();
      return fail(Error::Kind::io, "the output cannot be written");
    }
  }
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  NewFile& file_;
  std::exception_ptr thrown_;
};

const std::string kFormats = "git, json, tar";

std::string format_of(const Arguments& arguments, const std::string& verb) {
  if (auto format = arguments.option("format")) return *format;
  throw Failure{Exit::usage,
                verb + " needs a format: " + kFormats,
                {},
                {"for a history of git: git fast-export --full-tree --reencode=no "
                 "--signed-tags=verbatim --show-original-ids --branches --tags | "
                 "ukstore import --format git",
                 "ukstore " + verb + " --help"}};
}

std::filesystem::path file_of(Context& context, const std::string& name) {
  return name == "-" ? std::filesystem::path(name) : context.place(name);
}

// What does not go to standard output because a stream may be there.
void tell(Context& context, const std::string& line) {
  const std::string text = line + "\n";
  [[maybe_unused]] const ssize_t written = ::write(context.process().err, text.data(), text.size());
}

// ---- Import.

Json git_report(const GitImportReport& report) {
  Json object{{"commits", report.commits},   {"merges", report.merges},
              {"contents", report.contents}, {"tags", report.tags},
              {"refs", report.refs.size()},  {"different", report.difference_count}};
  Json different = Json::array();
  for (const GitDifference& difference : report.differences) {
    different.push_back({{"original", to_hex(difference.original)},
                         {"imported", to_hex(difference.imported)},
                         {"header", difference.cause}});
  }
  object["differences"] = std::move(different);
  return object;
}

void print(Context& context, const GitImportReport& report) {
  if (context.out().is_json()) return context.out().object(git_report(report));
  context.out().note(std::to_string(report.commits) + " commits, " + std::to_string(report.merges) +
                     " merges, " + std::to_string(report.contents) + " files, " +
                     std::to_string(report.refs.size()) + " branches and tags moved");
  if (report.difference_count == 0) return;
  context.out().note(std::to_string(report.difference_count) +
                     " commits have another id in git than the stream says they had:");
  constexpr size_t kShownMax = 10;
  for (size_t i = 0; i < std::min(kShownMax, report.differences.size()); ++i) {
    const GitDifference& difference = report.differences[i];
    context.out().note("  " + to_hex(difference.original) + " is " + to_hex(difference.imported) +
                       " by its " + difference.cause);
  }
  if (report.difference_count > kShownMax) context.out().note("  ... (--json lists 1,000)");
}

Exit import_history(Context& context, const Arguments& arguments, ByteSource& source,
                    const std::string& name, Progress& progress) {
  std::optional<NewFile> map_file;
  std::optional<FileSink> map;
  if (const auto map_name = arguments.option("map")) {
    map_file.emplace(*map_name, file_of(context, *map_name), context.process().out);
    map.emplace(*map_file);
  }
  Store& store = context.repo(Access::write).store();
  GitImportOptions options{
      .existing = arguments.has("force") ? ExistingRef::replace : ExistingRef::forward_only,
      .map = map ? &*map : nullptr,
      .transact = {.note = context.command_line(), .when_ms = context.now_ms()}};
  options.progress = [&](const ExchangeProgress& at) {
    progress.at(at.bytes);
    return GoOn::yes;
  };
  auto report = import_git(store, source, options);
  if (map) map->rethrow();
  if (!report) {
    Failure failure = failure_of(report.error(), "cannot import " + in_quotes(name));
    if (failure.exit == Exit::moved) {
      failure.hints = {
          "import into a new store: ukstore --store DIR init",
          "or move what stands elsewhere: ukstore import --format git --force " + shell_word(name)};
    }
    throw failure;
  }
  if (map_file) map_file->finish();
  print(context, *report);
  return Exit::done;
}

void print(Context& context, const ValueImportReport& report) {
  const std::string head = to_hex(report.committed.head.hash);
  if (context.out().is_json()) {
    context.out().object({{"values", report.values},
                          {"commit", report.committed.commit ? Json(head) : Json(nullptr)},
                          {"head", head}});
    return;
  }
  context.out().line(head);
}

Exit import_values(Context& context, const Arguments& arguments, ByteSource& source,
                   const std::string& name, const std::string& format, Progress& progress) {
  const Branch branch = context.branch_to_write();
  Store& store = context.repo(Access::write).store();
  const ProgressCallback told = [&](const ExchangeProgress& at) {
    progress.at(at.bytes);
    return GoOn::yes;
  };
  // Without author and date: the same import is the same commit, whoever makes it.
  CommitInfo info = context.commit_info("");
  info.author = info.committer = std::nullopt;
  info.message.clear();
  const std::string doing = "cannot import " + in_quotes(name);
  if (format == "tar") {
    print(context, must(import_tar(store, branch.name(), source, {info, told}), doing));
  } else {
    const Bytes key = arguments.option("key").value_or("");
    print(context, must(import_json(store, branch.name(), source, {key, info, told}), doing));
  }
  return Exit::done;
}

void refuse_wrong_options(const Arguments& arguments, const std::string& format) {
  const auto only_for = [&](std::string_view option, std::string_view wanted) {
    if (!arguments.has(option) || format == wanted) return;
    throw Failure{Exit::usage,
                  "--" + std::string(option) + " is for --format " + std::string(wanted) +
                      " and not for " + format,
                  {},
                  {"ukstore import --help"}};
  };
  only_for("map", "git");
  only_for("force", "git");
  only_for("key", "json");
}

Exit import(Context& context, const Arguments& arguments) {
  const std::string format = format_of(arguments, "import");
  refuse_wrong_options(arguments, format);
  const std::string name = arguments.find("FILE").value_or("-");
  OldFile file(name, file_of(context, name), context.process().in);
  FileSource source(file);
  context.repo(Access::write);
  Progress progress(context, "importing " + name, "bytes", file.size());
  try {
    return format == "git" ? import_history(context, arguments, source, name, progress)
                           : import_values(context, arguments, source, name, format, progress);
  } catch (const Failure&) {
    source.rethrow();
    throw;
  }
}

// ---- Export.

[[noreturn]] void conflicts_remain(const std::vector<Bytes>& paths, const std::string& what) {
  Failure failure{Exit::conflict, what, {}, {"ukstore conflicts"}};
  for (const Bytes& path : paths) failure.causes.push_back("conflict at " + in_quotes(path));
  throw failure;
}

void export_history(Context& context, FileSink& sink, NewFile& file, const std::string& name,
                    Progress& progress) {
  GitExportOptions options;
  options.progress = [&](const ExchangeProgress& at) {
    progress.at(at.commits);
    return GoOn::yes;
  };
  auto exported = export_git(context.repo(Access::read).store(), sink, options);
  sink.rethrow();
  const GitExportReport report = must(std::move(exported), "cannot export to git");
  file.finish();
  for (const auto& [commit, header] : report.headers) {
    tell(context, "note: commit " + to_hex(commit) + " has the header " + header +
                      ", which git reads from version 2.50 on");
  }
  if (name != "-" && !context.out().is_json()) {
    context.out().note(std::to_string(report.commits) + " commits, " +
                       std::to_string(report.contents) + " files");
  }
  if (name != "-" && context.out().is_json()) {
    context.out().object({{"file", name},
                          {"commits", report.commits},
                          {"contents", report.contents},
                          {"conflicts", report.conflict_count},
                          {"headers", report.header_count}});
  }
  if (report.conflict_count == 0) return;
  Failure failure{Exit::conflict,
                  std::to_string(report.conflict_count) +
                      " conflict values were exported as texts that list their terms",
                  {},
                  {"ukstore conflicts"}};
  for (const GitConflict& conflict : report.conflicts) {
    failure.causes.push_back("conflict at " + in_quotes(conflict.path) + " in commit " +
                             to_hex(conflict.commit));
  }
  throw failure;
}

void export_values(Context& context, FileSink& sink, NewFile& file, const std::string& format) {
  const State state = context.state();
  auto conflicts = format == "tar" ? export_tar(state, sink) : export_json(state, sink);
  sink.rethrow();
  const std::vector<Bytes> paths = must(std::move(conflicts), "cannot export to " + format);
  if (!paths.empty()) conflicts_remain(paths, "what holds conflicts is not exported");
  file.finish();
}

Exit export_to(Context& context, const Arguments& arguments) {
  const std::string format = format_of(arguments, "export");
  const std::string name = arguments.find("FILE").value_or("-");
  context.repo(Access::read);
  NewFile file(name, file_of(context, name), context.process().out);
  FileSink sink(file);
  Progress progress(context, "exporting to " + format, "commits");
  if (format == "git") {
    export_history(context, sink, file, name, progress);
  } else {
    export_values(context, sink, file, format);
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> exchange_commands() {
  const Option format{"format", 0, "FORMAT", "what the file is", {"git", "json", "tar"}};
  return {
      {.name = "import",
       .usage = "[FILE]",
       .summary = "brings in a history of git, or the values of a JSON text or a tar archive",
       .more = "Without FILE, or with -, standard input is read.\n"
               "git: what git fast-export --full-tree --reencode=no --signed-tags=verbatim\n"
               "--show-original-ids --branches --tags gives; all its branches and tags.\n"
               "json: an object becomes a directory, every other value its canonical text.\n"
               "tar: files, executables and links.\n"
               "The last two are one commit on the branch; what else is there stays.",
       .options = {format,
                   {"map", 0, "FILE", "git: write a line GIT-ID COMMIT for each commit"},
                   {"force", 0, "", "git: also move branches and tags that stand elsewhere"},
                   {"key", 0, "FIELD", "json: arrays of objects that have it are directories"}},
       .example = {"echo '{\"CH\": {\"name\": \"Switzerland\"}}' > countries.json",
                   "ukstore import --format json countries.json && ukstore get CH/name",
                   "HASH\n\"Switzerland\""},
       .run = import},
      {.name = "export",
       .usage = "[FILE]",
       .summary = "writes the branches and tags for git, or what a branch holds as JSON or tar",
       .more = "Without FILE, or with -, to standard output.  What is typed is written as it is "
               "shown.\n"
               "git: a stream for git fast-import, of all branches and tags.\n"
               "Where a conflict remains the exit code is 4 and the paths are listed.",
       .options = {format},
       .example = {"ukstore set CH/name Switzerland --quiet", "ukstore export --format json",
                   "{\"CH\":{\"name\":\"Switzerland\"}}\n"},
       .run = export_to},
  };
}

}  // namespace ukstore::cli
