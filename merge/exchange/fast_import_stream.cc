#include <ukstore/merge/exchange/fast_import_stream.h>

#include <ukstore/merge/exchange/fast_import_words.h>
#include <ukstore/store/tree.h>

namespace ukstore::fast_import {
namespace {

// The largest message of a commit or tag: what a commit of the store takes at most.
constexpr size_t kMessageBytesMax = 512 * 1024;

}  // namespace

std::unexpected<Error> Stream::refuse(std::string_view what, Error::Kind kind) const {
  if (!reader_.line_ended()) {
    kind = Error::Kind::invalid;
    what = "the stream ends within it";
  }
  return fail(kind,
              "line " + std::to_string(reader_.lines()) + " of the stream: " + std::string(what));
}

Result<std::optional<BytesView>> Stream::command_line() {
  for (;;) {
    auto line = reader_.line();
    if (!line || !*line) return line;
    if (!(*line)->starts_with('#')) return line;
  }
}

Result<Command> Stream::next() {
  if (ended_) return Done{};
  for (;;) {
    auto line = command_line();
    if (!line) return pass_on(line);
    if (!*line) return end();
    BytesView rest = **line;
    if (in_commit_) {
      if (rest.empty()) {
        in_commit_ = false;
        continue;
      }
      if (rest == "deleteall") return DeleteAll{};
      if (rest.size() > 1 && rest[1] == ' ') return file_command(rest);
      in_commit_ = false;
    }
    if (rest.empty() || rest == "checkpoint" || take_prefix(rest, "option ")) continue;
    if (rest == "blob") return blob();
    if (take_prefix(rest, "commit ")) return commit(rest);
    if (take_prefix(rest, "tag ")) return tag(rest);
    if (take_prefix(rest, "reset ")) return reset(rest);
    if (take_prefix(rest, "progress ")) return Progress{Bytes(rest)};
    if (rest == "done") {
      wants_done_ = false;
      return end();
    }
    if (take_prefix(rest, "feature ")) {
      auto known = feature(rest);
      if (!known) return known;
      continue;
    }
    return refuse("unknown command \"" + printable(rest.substr(0, 60)) + "\"",
                  Error::Kind::unsupported);
  }
}

Result<LineReader::Skipped> Stream::skip_changes(BytesView expected) {
  if (!in_commit_ || expected.empty()) return LineReader::Skipped{};
  return reader_.skip_lines(expected);
}

Result<Command> Stream::end() {
  if (wants_done_) return refuse("the stream ends without the \"done\" that it promised");
  ended_ = true;
  return Done{};
}

Result<Command> Stream::feature(BytesView rest) {
  if (rest == "done") {
    wants_done_ = true;
    return Done{};
  }
  if (rest == "date-format=raw" || rest == "force" || rest == "relative-marks" ||
      rest == "no-relative-marks") {
    return Done{};
  }
  return refuse("it asks for the feature \"" + printable(rest) + "\"", Error::Kind::unsupported);
}

Result<std::optional<Bytes>> Stream::optional_line(BytesView keyword) {
  auto line = command_line();
  if (!line) return pass_on(line);
  if (!*line) return std::nullopt;
  BytesView rest = **line;
  if (take_prefix(rest, keyword)) return Bytes(rest);
  reader_.again();
  return std::nullopt;
}

Result<uint64_t> Stream::optional_mark() {
  auto text = optional_line("mark ");
  if (!text) return pass_on(text);
  if (!*text) return 0;
  auto mark = (*text)->starts_with(':') ? number(BytesView(**text).substr(1)) : std::nullopt;
  if (!mark || *mark == 0) return refuse("no mark \"" + printable(**text) + "\"");
  return *mark;
}

Result<std::optional<GitId>> Stream::optional_original_id() {
  auto text = optional_line("original-oid ");
  if (!text) return pass_on(text);
  if (!*text) return std::nullopt;
  return git_id_from_hex(**text);  // one that is not git's says nothing
}

Result<Reference> Stream::reference(BytesView text) const {
  Reference found;
  if (text.starts_with(':')) {
    auto mark = number(text.substr(1));
    if (!mark || *mark == 0) return refuse("no mark \"" + printable(text) + "\"");
    found.form = Reference::Form::mark;
    found.mark = *mark;
  } else if (auto id = git_id_from_hex(text)) {
    found.form = Reference::Form::id;
    found.id = *id;
  } else {
    if (text.ends_with("^0")) text.remove_suffix(2);
    if (text.empty()) return refuse("no name of a commit");
    found.form = Reference::Form::name;
    found.name = Bytes(text);
  }
  return found;
}

Result<Command> Stream::blob() {
  auto mark = optional_mark();
  if (!mark) return pass_on(mark);
  auto original = optional_original_id();
  if (!original) return pass_on(original);
  return Blob{*mark};
}

Result<void> Stream::signature_header(BytesView rest, std::vector<Header>& headers) {
  // "gpgsig ALGORITHM FORMAT", or "gpgsig" alone; then the signature as data.
  bool sha256 = rest.starts_with(" sha256");
  auto text = data_whole(kMessageBytesMax);
  if (!text) return pass_on(text);
  headers.push_back({sha256 ? "gpgsig-sha256" : "gpgsig", std::move(*text)});
  return {};
}

Result<Command> Stream::commit(BytesView ref) {
  Commit commit{.ref = Bytes(ref)};
  auto mark = optional_mark();
  if (!mark) return pass_on(mark);
  commit.mark = *mark;
  auto original = optional_original_id();
  if (!original) return pass_on(original);
  commit.original_id = *original;
  for (;;) {
    auto line = command_line();
    if (!line) return pass_on(line);
    if (!*line) return refuse("the stream ends within a commit");
    BytesView rest = **line;
    if (take_prefix(rest, "author ")) {
      commit.author = Bytes(rest);
    } else if (take_prefix(rest, "committer ")) {
      commit.committer = Bytes(rest);
    } else if (take_prefix(rest, "encoding ")) {
      commit.headers.insert(commit.headers.begin(), {"encoding", Bytes(rest)});
    } else if (take_prefix(rest, "gpgsig")) {
      Bytes kind(rest);
      if (auto ok = signature_header(kind, commit.headers); !ok) return pass_on(ok);
    } else {
      reader_.again();
      break;
    }
  }
  if (commit.committer.empty()) return refuse("a commit has no committer");
  if (commit.author.empty()) commit.author = commit.committer;
  auto message = data_whole(kMessageBytesMax);
  if (!message) return pass_on(message);
  commit.message = std::move(*message);
  auto from = optional_line("from ");
  if (!from) return pass_on(from);
  if (*from) {
    auto parent = reference(**from);
    if (!parent) return pass_on(parent);
    commit.from = std::move(*parent);
  }
  for (;;) {
    auto merge = optional_line("merge ");
    if (!merge) return pass_on(merge);
    if (!*merge) break;
    auto parent = reference(**merge);
    if (!parent) return pass_on(parent);
    commit.merges.push_back(std::move(*parent));
  }
  in_commit_ = true;
  return commit;
}

Result<Command> Stream::tag(BytesView name) {
  Tag tag{.name = Bytes(name)};
  auto mark = optional_mark();
  if (!mark) return pass_on(mark);
  tag.mark = *mark;
  auto from = optional_line("from ");
  if (!from) return pass_on(from);
  if (!*from) return refuse("a tag says not what it is on");
  auto target = reference(**from);
  if (!target) return pass_on(target);
  tag.from = std::move(*target);
  auto original = optional_original_id();
  if (!original) return pass_on(original);
  tag.original_id = *original;
  auto tagger = optional_line("tagger ");
  if (!tagger) return pass_on(tagger);
  tag.tagger = tagger->value_or(Bytes());
  auto message = data_whole(kMessageBytesMax);
  if (!message) return pass_on(message);
  tag.message = std::move(*message);
  return tag;
}

Result<Command> Stream::reset(BytesView ref) {
  Reset reset{.ref = Bytes(ref)};
  auto from = optional_line("from ");
  if (!from) return pass_on(from);
  if (*from) {
    auto target = reference(**from);
    if (!target) return pass_on(target);
    reset.from = std::move(*target);
  }
  return reset;
}

Result<std::optional<uint64_t>> Stream::data_size() {
  auto line = command_line();
  if (!line) return pass_on(line);
  if (!*line) return refuse("the stream ends where data should come");
  BytesView rest = **line;
  if (!take_prefix(rest, "data ")) {
    return refuse("data should come, and not \"" + printable(rest.substr(0, 60)) + "\"");
  }
  size_.reset();
  delimiter_.clear();
  if (take_prefix(rest, "<<")) {
    if (rest.empty()) return refuse("data with an empty delimiter");
    delimiter_ = Bytes(rest);
    return std::nullopt;
  }
  size_ = number(rest);
  if (!size_) return refuse("no size of data \"" + printable(rest) + "\"");
  return size_;
}

Result<void> Stream::data(const std::function<Result<void>(BytesView)>& piece) {
  if (size_) {
    if (auto ok = reader_.bytes(*size_, piece); !ok) {
      return ok.error().kind == Error::Kind::invalid ? refuse(ok.error().message) : ok;
    }
  } else {
    for (;;) {
      auto line = reader_.line();
      if (!line) return pass_on(line);
      if (!*line) return refuse("the stream ends before the delimiter of its data");
      if (**line == delimiter_) break;
      if (auto ok = piece(**line); !ok) return ok;
      if (auto ok = piece("\n"); !ok) return ok;
    }
  }
  return reader_.skip_newline();
}

Result<Bytes> Stream::data_whole(size_t max) {
  auto size = data_size();
  if (!size) return pass_on(size);
  Bytes whole;
  auto ok = data([&](BytesView piece) -> Result<void> {
    if (whole.size() + piece.size() > max) {
      return refuse("a text of over " + std::to_string(max) + " bytes", Error::Kind::limit);
    }
    whole += piece;
    return {};
  });
  if (!ok) return pass_on(ok);
  return whole;
}

}  // namespace ukstore::fast_import
