#include <ukstore/merge/exchange/git_importer.h>

#include <ukstore/merge/exchange/git_text.h>

#include <algorithm>

namespace ukstore {
namespace {

// Contents up to this are held whole; longer ones go to the store piece by piece.
constexpr uint64_t kWholeBytesMax = kBlobBytesMax;

}  // namespace

Result<GitImportReport> import_git(Store& store, ByteSource& source,
                                   const GitImportOptions& options) {
  return GitImporter(store, source, options).run();
}

Result<GitImportReport> GitImporter::run() {
  for (;;) {
    if (auto ok = skip_expected(); !ok) return pass_on(ok);
    auto command = stream_.next();
    if (!command) return pass_on(command);
    bool done = std::holds_alternative<fast_import::Done>(*command);
    if (auto ok = take(std::move(*command)); !ok) return pass_on(ok);
    if (++commands_ % 4096 == 0) {
      if (auto ok = report_progress(); !ok) return pass_on(ok);
    }
    if (done) break;
  }
  if (auto ok = spill(); !ok) return pass_on(ok);
  if (auto ok = report_progress(); !ok) return pass_on(ok);
  if (auto ok = move_refs(); !ok) return pass_on(ok);
  report_.commits = history_.count();
  report_.contents = contents_.count();
  report_.tags = tags_.size();
  return std::move(report_);
}

Result<void> GitImporter::take(fast_import::Command command) {
  if (auto* change = std::get_if<fast_import::Modify>(&command)) return take_modify(*change);
  if (auto* change = std::get_if<fast_import::Delete>(&command)) {
    GitChange removal{keep_path(change->path), {}, GitChange::What::remove};
    if (auto ok = leave_listing(); !ok) return ok;
    open_->changes.push_back(removal);
    return {};
  }
  if (auto* move = std::get_if<fast_import::Move>(&command)) return take_move(*move);
  if (std::holds_alternative<fast_import::DeleteAll>(command)) {
    open_->changes.clear();
    open_->is_listing = false;
    listing_.open();
    return {};
  }
  // Everything else ends the commit before it.
  if (auto ok = close_commit(); !ok) return ok;
  if (auto* commit = std::get_if<fast_import::Commit>(&command)) {
    return open_commit(std::move(*commit));
  }
  if (auto* blob = std::get_if<fast_import::Blob>(&command)) return take_blob(*blob);
  if (auto* tag = std::get_if<fast_import::Tag>(&command)) return take_tag(*tag);
  if (auto* reset = std::get_if<fast_import::Reset>(&command)) return take_reset(*reset);
  return {};
}

Result<void> GitImporter::take_blob(const fast_import::Blob& blob) {
  auto content = read_content();
  if (!content) return pass_on(content);
  set_mark(blob.mark, GitMarks::Of::content, *content);
  return relieve();
}

void GitImporter::set_mark(uint64_t mark, GitMarks::Of of, uint32_t number) {
  if (marks_.set(mark, of, number) == GitMarks::Before::another) listing_.forget();
}

Result<uint32_t> GitImporter::read_content() {
  auto size = stream_.data_size();
  if (!size) return pass_on(size);
  Bytes whole;
  if (*size && **size > kWholeBytesMax) {
    hasher_.start("blob", **size);
    auto arena = store_.new_spilling_arena();
    PayloadWriter writer(store_.objects(), arena);
    auto ok = stream_.data([&](BytesView piece) {
      hasher_.add(piece);
      return writer.append(piece);
    });
    if (!ok) return pass_on(ok);
    auto payload = writer.finish();
    if (!payload) return pass_on(payload);
    if (auto spilled = arena->spill(); !spilled) return pass_on(spilled);
    if (payload->object.address.is_staged()) {
      payload->object.address = payload->object.address.staged()->written();
    }
    return contents_.add(hasher_.finish(), *payload);
  }
  auto ok = stream_.data([&](BytesView piece) -> Result<void> {
    whole += piece;
    return {};
  });
  if (!ok) return pass_on(ok);
  auto payload = make_payload(store_.objects(), arena_, whole);
  if (!payload) return pass_on(payload);
  return contents_.add(hasher_.id("blob", whole), *payload);
}

Result<void> GitImporter::take_modify(const fast_import::Modify& change) {
  GitChange made{keep_path(change.path), {}};
  if (change.form == Reference::Form::in_line) {
    if (auto ok = leave_listing(); !ok) return ok;
  }
  auto file = file_of(change);
  if (!file) return pass_on(file);
  made.file = *file;
  if (listing_.is_open()) {
    const BytesView line = stream_.reader().last_line();
    if (line.ends_with('\n') && listing_.take(line, made)) return {};
    if (auto ok = leave_listing(); !ok) return ok;
  }
  open_->changes.push_back(made);
  return {};
}

Result<GitFile> GitImporter::file_of(const fast_import::Modify& change) {
  GitFile file{.mode = change.mode};
  if (change.mode == kGitLinkMode) {
    if (change.form == Reference::Form::id) {
      file.id = change.id;
    } else if (change.form == Reference::Form::mark) {
      auto commit = marked(change.mark, GitMarks::Of::commit);
      if (!commit) return pass_on(commit);
      file.id = history_[*commit].id;
    } else {
      return stream_.refuse("a link to a commit has no content of its own");
    }
  } else if (change.form == Reference::Form::in_line) {
    auto content = read_content();
    if (!content) return pass_on(content);
    file.blob = *content;
  } else if (change.form == Reference::Form::mark) {
    auto content = marked(change.mark, GitMarks::Of::content);
    if (!content) return pass_on(content);
    file.blob = *content;
  } else {
    return stream_.refuse("a content by its name, which the stream does not hold",
                          Error::Kind::unsupported);
  }
  if (file.blob != kNoBlob) file.id = contents_.id(file.blob);
  return file;
}

Result<void> GitImporter::take_move(const fast_import::Move& move) {
  // Its paths stand in the buffer of the stream.
  const std::string_view from = keep_path(move.from), to = keep_path(move.to);
  if (auto ok = flush_changes(); !ok) return ok;
  const GitEntry* entry = find_path(*open_->tree, from);
  if (!entry) return stream_.refuse("nothing stands at the path that is copied or renamed");
  std::vector<GitChange> changes;
  if (move.source == fast_import::Move::Keep::no) {
    changes.push_back({from, {}, GitChange::What::remove});
  }
  changes.push_back({to, {}, GitChange::What::remove});
  if (entry->is_directory()) {
    auto ok = visit_files(*entry->directory, [&](std::string_view path, const GitFile& file) {
      changes.push_back({keep_path(Bytes(to) + "/" + Bytes(path)), file});
      return Result<void>();
    });
    if (!ok) return ok;
  } else {
    changes.push_back({to, entry->file});
  }
  open_->tree = patch(open_->tree, changes, names_);
  return {};
}

Result<void> GitImporter::flush_changes() {
  Open& open = *open_;
  if (listing_.is_open()) {
    if (auto tree = listing_.close(open.before, names_, hasher_)) {
      open.tree = std::move(*tree);
      return {};
    }
    if (auto ok = leave_listing(); !ok) return ok;
  }
  if (open.is_listing) {
    open.tree = listing(open.before, open.changes, names_);
  } else if (!open.changes.empty()) {
    open.tree = patch(open.tree, open.changes, names_);
  }
  open.is_listing = false;
  open.changes.clear();
  return {};
}

Result<void> GitImporter::skip_expected() {
  if (!listing_.is_open()) return {};
  auto skipped = stream_.skip_changes(listing_.expected());
  if (!skipped) return pass_on(skipped);
  listing_.take_expected(skipped->bytes, skipped->lines);
  return {};
}

// From here on the lines of the listing are changes like any others.
Result<void> GitImporter::leave_listing() {
  if (!listing_.is_open()) return {};
  open_->is_listing = true;
  const Bytes lines = listing_.leave();
  for (BytesView rest = lines; !rest.empty();) {
    const size_t end = rest.find('\n');
    auto command = stream_.change(rest.substr(0, end));
    if (!command) return pass_on(command);
    const auto& change = std::get<fast_import::Modify>(*command);
    auto file = file_of(change);
    if (!file) return pass_on(file);
    open_->changes.push_back({keep_path(change.path), *file});
    rest.remove_prefix(end + 1);
  }
  return {};
}

std::string_view GitImporter::keep_path(BytesView path) {
  char* kept = static_cast<char*>(paths_.allocate(path.size(), 1));
  path.copy(kept, path.size());
  return {kept, path.size()};
}

Result<uint32_t> GitImporter::marked(uint64_t mark, GitMarks::Of of) const {
  if (auto found = marks_.find(mark, of)) return *found;
  static constexpr std::string_view kNames[] = {"content", "commit", "tag"};
  return stream_.refuse("no " + std::string(kNames[static_cast<size_t>(of)]) +
                        " has the mark :" + std::to_string(mark));
}

Result<uint32_t> GitImporter::commit_of(const Reference& reference) const {
  if (reference.form == Reference::Form::mark) {
    auto mark = marked(reference.mark, GitMarks::Of::commit);
    if (!mark) return pass_on(mark);
    return *mark;
  }
  if (reference.form == Reference::Form::id) {
    if (auto known = history_.find(reference.id)) return *known;
    return stream_.refuse("the stream does not hold commit " + to_hex(reference.id));
  }
  auto branch = branches_.find(reference.name);
  if (branch != branches_.end() && branch->second) return *branch->second;
  return stream_.refuse("the stream does not hold a branch \"" + printable(reference.name) + "\"");
}

// ---- Memory.

Result<void> GitImporter::relieve() {
  constexpr size_t kStagedBytesMax = size_t{4} << 20, kStagedObjectsMax = size_t{1} << 16;
  constexpr size_t kArenasMax = 64;
  size_t bytes = 0, objects = 0;
  const std::vector<Arena*> arenas = arena_->and_kept();
  for (Arena* arena : arenas) {
    bytes += arena->unwritten_bytes();
    objects += arena->objects().size();
  }
  const bool small = bytes < kStagedBytesMax && objects < kStagedObjectsMax;
  return small && arenas.size() < kArenasMax ? Result<void>() : spill();
}

// Writes what is staged and forgets its memory: from here on all is found where it was written.
Result<void> GitImporter::spill() {
  if (auto ok = arena_->spill(); !ok) return ok;
  contents_.settle();
  history_.settle();
  for (Head& tag : staged_tags_) {
    if (tag.ref.address.is_staged()) tag.ref.address = tag.ref.address.staged()->written();
  }
  for (auto& [name, tag] : tags_) {
    if (tag.ref.address.is_staged()) tag.ref.address = tag.ref.address.staged()->written();
  }
  arena_ = store_.new_spilling_arena();
  return {};
}

Result<void> GitImporter::report_progress() {
  if (!options_.progress) return {};
  auto go_on = options_.progress({.bytes = stream_.reader().bytes_read(),
                                  .commits = history_.count(),
                                  .values = contents_.count()});
  if (go_on == GoOn::yes) return {};
  return fail(Error::Kind::closed, "the import was broken off: nothing was imported");
}

}  // namespace ukstore
