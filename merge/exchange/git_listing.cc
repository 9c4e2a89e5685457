#include <ukstore/merge/exchange/git_listing.h>

#include <ukstore/merge/exchange/fast_import_words.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

// The order of paths in git's listings: "d/e" before "d".
bool comes_before(BytesView a, BytesView b) {
  const size_t shared = std::min(a.size(), b.size());
  if (int order = BytesView::traits_type::compare(a.data(), b.data(), shared); order != 0) {
    return order < 0;
  }
  return a.size() > b.size();
}

BytesView first_line(BytesView text) { return text.substr(0, text.find('\n') + 1); }

}  // namespace

void GitListing::open() {
  leave();
  open_ = true;
}

void GitListing::take_expected(size_t bytes, uint64_t lines) {
  if (bytes == 0) return;
  made_.append(text_, cursor_, bytes);
  cursor_ += bytes;
  lines_ += lines;
  const size_t before = made_.rfind('\n', made_.size() - 2);
  last_line_ = before == Bytes::npos ? 0 : before + 1;
}

bool GitListing::take(BytesView line, const GitChange& change) {
  if (!made_.empty() && !comes_before(last_path(), change.path)) return false;
  drop_expected(change.path);
  changes_.push_back(change);
  last_line_ = made_.size();
  made_ += line;
  ++lines_;
  return true;
}

// Passes by the lines whose paths come before `path`, which the listing lacks, and one of `path`.
void GitListing::drop_expected(BytesView path) {
  while (cursor_ < text_.size()) {
    const BytesView line = first_line(expected());
    const BytesView at = path_of(line);
    if (comes_before(path, at)) return;
    cursor_ += line.size();
    if (at == path) return;
    gone_.push_back({at, {}, GitChange::What::remove});
  }
}

BytesView GitListing::last_path() { return path_of(BytesView(made_).substr(last_line_)); }

BytesView GitListing::path_of(BytesView line) {
  line.remove_suffix(1);
  for (int i = 0; i < 3; ++i) line.remove_prefix(line.find(' ') + 1);
  if (!line.starts_with('"')) return line;
  [[maybe_unused]] auto length = fast_import::unquote(line, unquoted_.emplace_back());
  assert(length);  // it was read before
  return unquoted_.back();
}

std::optional<GitTree> GitListing::close(const GitTree& like, NamePool& names, GitHasher& hasher) {
  while (cursor_ < text_.size()) {
    const BytesView line = first_line(expected());
    gone_.push_back({path_of(line), {}, GitChange::What::remove});
    cursor_ += line.size();
  }
  GitTree tree = tree_ ? tree_ : std::make_shared<const GitDirectory>(std::vector<GitEntry>());
  // Removals first: what was a file may be a directory now.
  if (!gone_.empty()) tree = patch(tree, gone_, names);
  if (!changes_.empty()) tree = patch(tree, changes_, names);
  // A path above another one took its place.
  if (tree->file_count() != lines_) return std::nullopt;
  tree_ = sharing(like, tree, hasher);
  text_.swap(made_);
  leave();
  return tree_;
}

Bytes GitListing::leave() {
  Bytes lines = std::move(made_);
  made_.clear();
  cursor_ = last_line_ = 0;
  lines_ = 0;
  gone_.clear();
  changes_.clear();
  unquoted_.clear();
  open_ = false;
  return lines;
}

void GitListing::forget() {
  leave();
  text_.clear();
  tree_ = nullptr;
}

}  // namespace ukstore
