#include "workload.h"

#include <ukstore/tests/temporary_directory.h>

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace ukstore::tests {
namespace {

using Path = std::filesystem::path;

void place_image(const Path& directory, const Bytes& file) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "data.mdb", std::ios::binary) << file;
}

// What is wrong with one image; nullopt if nothing.
std::optional<std::string> check(Workload& workload, const CrashImage& image,
                                 const Path& directory) {
  place_image(directory, image.file);
  if (auto wrong = workload.verify(directory, image.least, image.most)) return wrong;
  if (auto wrong = workload.verify(directory, image.least, image.most))
    return "opened again: " + *wrong;
  const uint64_t further = image.most + 2;
  auto ignore = [](uint64_t) {};
  if (auto wrong = workload.run(directory, further, {ignore, ignore})) return "going on: " + *wrong;
  if (auto wrong = workload.verify(directory, further, further)) return "after going on: " + *wrong;
  return std::nullopt;
}

std::optional<std::string> check_in_child(Workload& workload, const CrashImage& image,
                                          const Path& directory) {
  pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    // What a sanitizer has to say about damage that was planted is of no use.
    close(STDERR_FILENO);
    _exit(check(workload, image, directory) ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return WIFEXITED(status) ? "the check failed" : "the check died";
}

}  // namespace

Bytes read_file(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

Recording record(Workload& workload, uint64_t commits) {
  TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
  const Path store = directory.path() / "store";
  workload.create(store);
  Recording recording;
  recording.before = read_file(store / "data.mdb");
  IoTap& tap = IoTap::of_this_process();
  tap.start_recording();
  auto begins = [&](uint64_t commit) {
    recording.commits.push_back({commit, tap.recorded(), SIZE_MAX});
  };
  auto is_durable = [&](uint64_t commit) {
    for (auto& mark : recording.commits) {
      if (mark.commit <= commit && mark.durable == SIZE_MAX) mark.durable = tap.recorded();
    }
  };
  auto wrong = workload.run(store, commits, {begins, is_durable});
  recording.ops = tap.stop_recording();
  if (wrong) throw std::runtime_error(*wrong);
  return recording;
}

CrashReport check_power_cuts(Workload& workload, const Recording& recording, size_t images,
                             uint64_t seed, Isolation isolation) {
  TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
  CrashReport report;
  for_each_power_cut(recording, images, seed, [&](const CrashImage& image) {
    ++report.images;
    auto one = isolation == Isolation::none ? check : check_in_child;
    auto wrong = one(workload, image, directory.path() / "store");
    if (!wrong) return;
    ++report.failures;
    if (report.first_failures.size() < 5) {
      report.first_failures.push_back(image.description + " (commits " +
                                      std::to_string(image.least) + " to " +
                                      std::to_string(image.most) + "): " + *wrong);
    }
  });
  return report;
}

}  // namespace ukstore::tests
