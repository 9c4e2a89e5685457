// Making a tree of git from another one and a batch of changes.
#include <ukstore/merge/exchange/git_tree.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

using Changes = std::span<const GitChange>;

GitTree empty_tree() { return std::make_shared<const GitDirectory>(std::vector<GitEntry>()); }

// The changes whose path goes on, from `offset`, with the same step as the first one's.
struct Group {
  std::string_view step;
  bool is_below = false;  // the path goes on behind the step
  Changes changes;
};
Group first_group(Changes changes, size_t offset) {
  std::string_view rest = changes.front().path.substr(offset);
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {rest, false, changes.first(1)};
  std::string_view prefix = changes.front().path.substr(0, offset + slash + 1);
  size_t count = 1;
  while (count < changes.size() && changes[count].path.starts_with(prefix)) ++count;
  return {rest.substr(0, slash), true, changes.first(count)};
}

// Where an entry of that name and role stands in `entries`; the end if nowhere.
size_t index_of(const GitDirectory& directory, const GitEntry* entry) {
  return entry ? static_cast<size_t>(entry - directory.entries().data())
               : directory.entries().size();
}

// Sorted, unique changes, none of whose paths is above another's.
GitTree patch_sorted(const GitTree& tree, Changes changes, size_t offset, NamePool& names) {
  const auto& old = tree->entries();
  std::vector<size_t> gone;
  std::vector<GitEntry> added;
  while (!changes.empty()) {
    Group group = first_group(changes, offset);
    changes = changes.subspan(group.changes.size());
    size_t file = index_of(*tree, tree->file(group.step));
    size_t directory = index_of(*tree, tree->directory(group.step));
    if (!group.is_below) {
      const GitChange& change = group.changes.front();
      if (file < old.size()) gone.push_back(file);
      if (directory < old.size()) gone.push_back(directory);
      if (change.what == GitChange::What::set) {
        added.push_back({names.keep(group.step), change.file, nullptr});
      }
      continue;
    }
    GitTree below = directory < old.size() ? old[directory].directory : empty_tree();
    GitTree patched = patch_sorted(below, group.changes, offset + group.step.size() + 1, names);
    if (patched == below) continue;
    if (directory < old.size()) gone.push_back(directory);
    if (patched->entries().empty()) continue;
    if (file < old.size()) gone.push_back(file);
    added.push_back({names.keep(group.step), {.mode = kGitDirectoryMode}, std::move(patched)});
  }
  if (gone.empty() && added.empty()) return tree;
  std::ranges::sort(gone);
  std::vector<GitEntry> entries;
  entries.reserve(old.size() - gone.size() + added.size());
  auto skip = gone.begin();
  auto next = added.begin();
  for (size_t i = 0; i < old.size(); ++i) {
    if (skip != gone.end() && *skip == i) {
      ++skip;
      continue;
    }
    while (next != added.end() && git_order(*next, old[i]) < 0) entries.push_back(*next++);
    entries.push_back(old[i]);
  }
  entries.insert(entries.end(), next, added.end());
  return std::make_shared<const GitDirectory>(std::move(entries));
}

bool is_above(std::string_view path, std::string_view other) {
  return other.size() > path.size() && other[path.size()] == '/' && other.starts_with(path);
}

// Whether no path of these, which rise, stands above another one.  "a.c" may stand between "a" and
// "a/b".
bool none_is_above(const std::vector<GitChange>& changes) {
  std::vector<std::string_view> open;
  for (const GitChange& change : changes) {
    while (!open.empty() && !change.path.starts_with(open.back())) open.pop_back();
    for (std::string_view above : open) {
      if (is_above(above, change.path)) return false;
    }
    open.push_back(change.path);
  }
  return true;
}

// Puts changes that nearly rise into order: git's export puts "a.c" before "a" and all else as it
// should be.  false if that takes too many steps.
bool settle_order(std::vector<GitChange>& changes) {
  size_t steps = 0;
  for (size_t i = 1; i < changes.size(); ++i) {
    for (size_t at = i; at > 0 && changes[at].path < changes[at - 1].path; --at) {
      std::swap(changes[at], changes[at - 1]);
      if (++steps > changes.size()) return false;
    }
  }
  return true;
}

void drop_earlier_of_same(std::vector<GitChange>& changes) {
  size_t kept = 0;
  for (size_t next = 1; next < changes.size(); ++next) {
    if (changes[kept].path != changes[next].path) ++kept;
    if (kept != next) changes[kept] = changes[next];
  }
  if (!changes.empty()) changes.resize(kept + 1);
}

// Sorts by path and keeps the last change of each; false, and nothing done, if the order of the
// changes counts.
bool make_independent(std::vector<GitChange>& changes) {
  auto not_rising = [](const GitChange& a, const GitChange& b) { return !(a.path < b.path); };
  if (std::ranges::adjacent_find(changes, not_rising) == changes.end()) {
    return none_is_above(changes);
  }
  std::vector<GitChange> sorted = changes;
  if (!settle_order(sorted)) {
    sorted = changes;
    std::ranges::stable_sort(sorted, {}, &GitChange::path);
  }
  drop_earlier_of_same(sorted);
  if (!none_is_above(sorted)) return false;
  changes = std::move(sorted);
  return true;
}

// Exactly these files, sorted and independent; `like` itself if it holds them.
GitTree list_sorted(const GitTree& like, Changes changes, size_t offset, NamePool& names) {
  const auto& old = like->entries();
  std::vector<GitEntry> entries;
  bool same = true;
  size_t o = 0;
  auto differ = [&](size_t shared) {
    if (!same) return;
    same = false;
    entries.assign(old.begin(), old.begin() + static_cast<ptrdiff_t>(shared));
  };
  for (size_t i = 0; !changes.empty(); ++i) {
    Group group = first_group(changes, offset);
    changes = changes.subspan(group.changes.size());
    // Most often the entry at hand is the one; names that went are passed by.
    const GitEntry* entry = nullptr;
    if (o < old.size() && old[o].name == group.step && old[o].is_directory() == group.is_below) {
      entry = &old[o];
    } else {
      entry = group.is_below ? like->directory(group.step) : like->file(group.step);
    }
    if (!entry || index_of(*like, entry) != i) differ(i);
    if (entry) o = index_of(*like, entry) + 1;
    if (!group.is_below) {
      const GitFile& file = group.changes.front().file;
      if (entry && entry->file == file) {
        if (!same) entries.push_back(*entry);
        continue;
      }
      differ(i);
      entries.push_back({entry ? entry->name : names.keep(group.step), file, nullptr});
      continue;
    }
    GitTree below = entry ? entry->directory : empty_tree();
    GitTree listed = list_sorted(below, group.changes, offset + group.step.size() + 1, names);
    if (entry && listed == below) {
      if (!same) entries.push_back(*entry);
      continue;
    }
    differ(i);
    entries.push_back({entry ? entry->name : names.keep(group.step),
                       {.mode = kGitDirectoryMode},
                       std::move(listed)});
  }
  size_t listed = same ? o : entries.size();
  if (same && listed == old.size()) return like;
  differ(listed);
  return std::make_shared<const GitDirectory>(std::move(entries));
}

}  // namespace

GitTree patch(const GitTree& tree, std::vector<GitChange>& changes, NamePool& names) {
  if (make_independent(changes)) return patch_sorted(tree, changes, 0, names);
  GitTree patched = tree;
  for (const GitChange& change : changes) {
    patched = patch_sorted(patched, Changes(&change, 1), 0, names);
  }
  return patched;
}

GitTree listing(const GitTree& like, std::vector<GitChange>& changes, NamePool& names) {
  const bool all_set = std::ranges::all_of(
      changes, [](const GitChange& change) { return change.what == GitChange::What::set; });
  if (all_set && make_independent(changes)) return list_sorted(like, changes, 0, names);
  return patch(empty_tree(), changes, names);
}

GitTree sharing(const GitTree& like, const GitTree& tree, GitHasher& hasher) {
  if (like == tree || like->id(hasher) == tree->id(hasher)) return like;
  std::vector<GitEntry> entries;
  for (const GitEntry& entry : tree->entries()) {
    const GitEntry* other = entry.is_directory() ? like->directory(entry.name) : nullptr;
    if (!other || other->directory == entry.directory) continue;
    GitTree shared = sharing(other->directory, entry.directory, hasher);
    if (shared == entry.directory) continue;
    if (entries.empty()) entries = tree->entries();
    entries[index_of(*tree, &entry)].directory = std::move(shared);
  }
  return entries.empty() ? tree : std::make_shared<const GitDirectory>(std::move(entries));
}

}  // namespace ukstore
