#include "history_check.h"

#include "merge_check.h"
#include "process.h"

#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ctime>
#include <fstream>
#include <set>
#include <stdexcept>

namespace ukstore::tests {
namespace {

// What this process holds that is no page of a file.
uint64_t memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10);
  }
  return 0;
}

// CPU seconds of this process.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class Step {
 public:
  Step(HistoryCheck& check, const Say& say, std::string name)
      : check_(check), name_(std::move(name)) {
    if (say) say(name_);
  }
  ~Step() { check_.seconds[name_] += cpu_seconds() - start_; }

 private:
  HistoryCheck& check_;
  std::string name_;
  double start_ = cpu_seconds();
};

std::filesystem::path bare(const std::filesystem::path& at) {
  std::filesystem::create_directories(at);
  git_output(at, {"init", "-q", "--bare"});
  return at;
}

// The repository once more, with its objects, and with a graph of its commits: git finds merge
// bases many times faster there.
std::filesystem::path with_graph(const std::filesystem::path& repository,
                                 const std::filesystem::path& at) {
  bare(at);
  auto objects = lines_of(git_output(repository, {"rev-parse", "--git-path", "objects"})).at(0);
  auto folder = std::filesystem::canonical(repository / objects);
  std::ofstream(at / "objects/info/alternates") << folder.string() << "\n";
  auto refs = git_output(repository, {"for-each-ref", "--format=create %(refname) %(objectname)",
                                      "refs/heads", "refs/tags"});
  Process update(git_command(at, {"update-ref", "--stdin"}), Process::Pipe::input);
  auto ok = DescriptorSink(update.descriptor()).write(refs);
  if (!ok || update.finish() != 0) throw std::runtime_error("git update-ref failed");
  git_output(at, {"commit-graph", "write", "--reachable", "--no-progress"});
  return at;
}

std::set<std::string> refs_of(const std::filesystem::path& repository) {
  std::set<std::string> refs;
  auto listed = git_output(repository, {"for-each-ref", "--format=%(objectname) %(refname)"});
  for (std::string& line : lines_of(listed)) refs.insert(std::move(line));
  return refs;
}

// Passes on what another source gives, and a copy to a sink, whose CPU time it counts.
class CopyingSource final : public ByteSource {
 public:
  CopyingSource(ByteSource& source, ByteSink& copy) : source_(source), copy_(copy) {}
  Result<size_t> read(std::span<char> to) override {
    auto taken = source_.read(to);
    if (!taken || *taken == 0) return taken;
    const double start = cpu_seconds();
    auto ok = copy_.write({to.data(), *taken});
    seconds_ += cpu_seconds() - start;
    if (!ok) return pass_on(ok, "git fast-import");
    return taken;
  }
  double seconds() const { return seconds_; }

 private:
  ByteSource& source_;
  ByteSink& copy_;
  double seconds_ = 0;
};

// One stream of git's goes into the store and into git's own fast-import at once; returns the
// import's map.
Bytes import_beside_git(const std::filesystem::path& repository, Store& store,
                        const std::filesystem::path& by_git,
                        const std::vector<std::string>& fast_export, const Say& say,
                        HistoryCheck& check) {
  BytesSink map;
  Process stream(git_command(repository, fast_export), Process::Pipe::output);
  Process theirs(git_command(by_git, {"fast-import", "--quiet", "--force"}), Process::Pipe::input);
  DescriptorSource in(stream.descriptor());
  DescriptorSink copy(theirs.descriptor());
  CopyingSource both(in, copy);
  GitImportOptions options{.map = &map};
  options.progress = [&](const ExchangeProgress& at) {
    check.memory_kib = std::max(check.memory_kib, memory_kib());
    check.stream_bytes = at.bytes;
    if (say) {
      say(std::to_string(at.commits) + " commits, " + std::to_string(at.bytes >> 20) + " MiB");
    }
    return GoOn::yes;
  };
  Result<GitImportReport> imported = GitImportReport{};
  {
    Step step(check, say, "import");
    imported = import_git(store, both, options);
  }
  if (!imported) throw std::runtime_error("import: " + imported.error().message);
  check.seconds["import"] -= both.seconds();
  if (stream.finish() != 0) throw std::runtime_error("git fast-export failed");
  if (theirs.finish() != 0) throw std::runtime_error("git fast-import failed");
  check.commits = imported->commits;
  check.merges = imported->merges;
  check.differences = imported->difference_count;
  return map.bytes();
}

void compare_refs(const std::filesystem::path& git, const std::filesystem::path& ours,
                  HistoryCheck& check) {
  auto expected = refs_of(git), found = refs_of(ours);
  for (const std::string& ref : expected) {
    if (found.contains(ref)) {
      ++check.refs_equal;
    } else {
      check.faults.push_back("git's fast-import gives " + ref + ", the export does not");
    }
  }
  for (const std::string& ref : found) {
    if (!expected.contains(ref)) check.faults.push_back("the export gives " + ref);
  }
}

}  // namespace

std::vector<std::string> full_tree_export() {
  return {"fast-export",         "--full-tree", "--reencode=no", "--signed-tags=verbatim",
          "--show-original-ids", "--branches",  "--tags"};
}

HistoryCheck check_history(const std::filesystem::path& repository, Store& store,
                           const std::filesystem::path& scratch,
                           const std::vector<std::string>& fast_export, const Say& say) {
  HistoryCheck check;
  auto by_git = bare(scratch / "git"), by_us = bare(scratch / "ukstore");
  const Bytes map = import_beside_git(repository, store, by_git, fast_export, say, check);
  {
    Step step(check, say, "export");
    Process sink(git_command(by_us, {"fast-import", "--quiet", "--force"}), Process::Pipe::input);
    DescriptorSink out(sink.descriptor());
    auto exported = export_git(store, out);
    if (!exported) throw std::runtime_error("export: " + exported.error().message);
    if (sink.finish() != 0) check.faults.push_back("git's fast-import refuses the export");
    if (exported->conflict_count > 0) check.faults.push_back("the export holds conflicts");
  }
  compare_refs(by_git, by_us, check);
  {
    Step step(check, say, "merges");
    check_merges(with_graph(repository, scratch / "graph"), store, map, check);
  }
  return check;
}

}  // namespace ukstore::tests
