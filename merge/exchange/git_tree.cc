#include <ukstore/merge/exchange/git_tree.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <charconv>

namespace ukstore {
namespace {

std::atomic<uint64_t> bytes_of_directories = 0;

// Compares two names, each with or without a '/' behind it.
std::strong_ordering order_names(std::string_view a, bool a_directory, std::string_view b,
                                 bool b_directory) {
  size_t shared = std::min(a.size(), b.size());
  if (int order = std::char_traits<char>::compare(a.data(), b.data(), shared); order != 0) {
    return order <=> 0;
  }
  auto at = [&](std::string_view name, bool directory) {
    if (shared < name.size()) return static_cast<int>(static_cast<unsigned char>(name[shared]));
    return directory ? static_cast<int>('/') : -1;
  };
  auto order = at(a, a_directory) <=> at(b, b_directory);
  if (order != 0) return order;
  return a.size() <=> b.size();
}

uint64_t count_files(const std::vector<GitEntry>& entries) {
  uint64_t count = 0;
  for (const GitEntry& entry : entries) {
    count += entry.is_directory() ? entry.directory->file_count() : 1;
  }
  return count;
}

Result<void> visit_below(const GitDirectory& tree, std::string& path, const GitFileVisitor& visit) {
  size_t length = path.size();
  for (const GitEntry& entry : tree.entries()) {
    path.resize(length);
    path += entry.name;
    if (!entry.is_directory()) {
      if (auto ok = visit(path, entry.file); !ok) return ok;
      continue;
    }
    path.push_back('/');
    if (auto ok = visit_below(*entry.directory, path, visit); !ok) return ok;
  }
  path.resize(length);
  return {};
}

// One side's entry, all its files as removed or added.
Result<void> one_side(const GitEntry& entry, std::string& path, const GitDiffVisitor& visit,
                      bool is_before) {
  auto report = [&](std::string_view at, const GitFile& file) {
    return visit(at, is_before ? &file : nullptr, is_before ? nullptr : &file);
  };
  size_t length = path.size();
  path += entry.name;
  Result<void> ok;
  if (entry.is_directory()) {
    path.push_back('/');
    ok = visit_below(*entry.directory, path, report);
  } else {
    ok = report(path, entry.file);
  }
  path.resize(length);
  return ok;
}

Result<void> diff_below(const GitDirectory& before, const GitDirectory& after, std::string& path,
                        const GitDiffVisitor& visit) {
  auto b = before.entries().begin(), b_end = before.entries().end();
  auto a = after.entries().begin(), a_end = after.entries().end();
  while (b != b_end || a != a_end) {
    auto order = b == b_end   ? std::strong_ordering::greater
                 : a == a_end ? std::strong_ordering::less
                              : git_order(*b, *a);
    Result<void> ok;
    if (order < 0) {
      ok = one_side(*b++, path, visit, true);
    } else if (order > 0) {
      ok = one_side(*a++, path, visit, false);
    } else {
      if (b->is_directory()) {
        if (b->directory != a->directory) {
          size_t length = path.size();
          path += b->name;
          path.push_back('/');
          ok = diff_below(*b->directory, *a->directory, path, visit);
          path.resize(length);
        }
      } else if (b->file != a->file) {
        size_t length = path.size();
        path += b->name;
        ok = visit(path, &b->file, &a->file);
        path.resize(length);
      }
      ++b, ++a;
    }
    if (!ok) return ok;
  }
  return {};
}

}  // namespace

std::strong_ordering git_order(const GitEntry& a, const GitEntry& b) {
  return order_names(a.name, a.is_directory(), b.name, b.is_directory());
}

GitDirectory::GitDirectory(std::vector<GitEntry> entries)
    : entries_(std::move(entries)), file_count_(count_files(entries_)) {
  bytes_of_directories += sizeof(*this) + entries_.capacity() * sizeof(GitEntry);
}

GitDirectory::~GitDirectory() {
  bytes_of_directories -= sizeof(*this) + entries_.capacity() * sizeof(GitEntry);
}

uint64_t GitDirectory::bytes_alive() { return bytes_of_directories; }

const GitEntry* GitDirectory::find(std::string_view name, Role role) const {
  bool directory = role == Role::directory;
  auto at = std::ranges::partition_point(entries_, [&](const GitEntry& entry) {
    return order_names(entry.name, entry.is_directory(), name, directory) < 0;
  });
  if (at == entries_.end() || at->name != name || at->is_directory() != directory) return nullptr;
  return &*at;
}

const GitId& GitDirectory::id(GitHasher& hasher) const {
  if (has_id_) return id_;
  std::string bytes;
  bytes.reserve(entries_.size() * 40);
  for (const GitEntry& entry : entries_) {
    char mode[12];
    auto end = std::to_chars(mode, mode + sizeof mode,
                             entry.is_directory() ? kGitDirectoryMode : entry.file.mode, 8);
    bytes.append(mode, end.ptr);
    bytes.push_back(' ');
    bytes += entry.name;
    bytes.push_back('\0');
    bytes += (entry.is_directory() ? entry.directory->id(hasher) : entry.file.id).view();
  }
  id_ = hasher.id("tree", bytes);
  has_id_ = true;
  return id_;
}

std::string_view NamePool::keep(std::string_view name) {
  auto known = names_.find(name);
  if (known != names_.end()) return *known;
  char* kept = static_cast<char*>(memory_.allocate(name.size(), 1));
  name.copy(kept, name.size());
  return *names_.emplace(kept, name.size()).first;
}

const GitEntry* find_path(const GitDirectory& tree, std::string_view path) {
  size_t slash = path.find('/');
  if (slash == std::string_view::npos) {
    const GitEntry* file = tree.file(path);
    return file ? file : tree.directory(path);
  }
  const GitEntry* directory = tree.directory(path.substr(0, slash));
  return directory ? find_path(*directory->directory, path.substr(slash + 1)) : nullptr;
}

Result<void> visit_files(const GitDirectory& tree, const GitFileVisitor& visit) {
  std::string path;
  return visit_below(tree, path, visit);
}

Result<void> diff_files(const GitDirectory& before, const GitDirectory& after,
                        const GitDiffVisitor& visit) {
  if (&before == &after) return {};
  std::string path;
  return diff_below(before, after, path, visit);
}

}  // namespace ukstore
