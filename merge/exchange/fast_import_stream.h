#pragma once
// The commands of a `git fast-import` stream, one after another (git-fast-import(1), "Input
// Format"), as `git fast-export` writes them and by hand.
//
// Not understood, and so refused with `unsupported`: cat-blob, ls, get-mark, alias, notes (N), and
// trees by name (M 040000).  All else that breaks the format is `invalid`, with the number of the
// line.

#include <ukstore/merge/exchange/git_id.h>
#include <ukstore/merge/exchange/line_reader.h>

#include <variant>

namespace ukstore::fast_import {

// What a committish or dataref says.
struct Reference {
  enum class Form : uint8_t { none, mark, id, name, in_line } form = Form::none;
  uint64_t mark = 0;  // form mark
  GitId id;           // form id
  Bytes name;         // form name: of a branch, without a "^0" behind it
};

struct Blob {
  uint64_t mark = 0;  // 0: none
};
struct Header {  // of a commit, beside those that have fields
  Bytes name;    // "encoding", "gpgsig", "gpgsig-sha256"
  Bytes value;
};
struct Commit {
  Bytes ref;
  uint64_t mark = 0;
  std::optional<GitId> original_id;
  Bytes author;  // "NAME <ADDRESS> SECONDS ZONE"; as the committer's if the stream has none
  Bytes committer;
  std::vector<Header> headers;  // in the order in which git writes them
  Bytes message;
  Reference from;  // form none: the branch as it stands
  std::vector<Reference> merges;
};
// Changes of the commit before them.  Paths are unquoted, and valid until the next command.
struct Modify {
  uint32_t mode = 0;  // 0100644, 0100755, 0120000, 0160000
  Reference::Form form{};
  uint64_t mark = 0;
  GitId id;
  BytesView path;
};
struct Delete {
  BytesView path;
};
struct Move {
  enum class Keep : uint8_t { yes, no } source = Keep::yes;  // a copy, or a rename
  BytesView from;
  BytesView to;
};
struct DeleteAll {};
struct Tag {
  Bytes name;
  uint64_t mark = 0;
  Reference from;
  std::optional<GitId> original_id;
  Bytes tagger;  // empty: none
  Bytes message;
};
struct Reset {
  Bytes ref;
  Reference from;  // form none: the branch begins anew
};
struct Progress {
  Bytes text;
};
struct Done {};  // the end, said by `done` or by the end of the stream

using Command =
    std::variant<Blob, Commit, Modify, Delete, Move, DeleteAll, Tag, Reset, Progress, Done>;

class Stream {
 public:
  // The source is borrowed.
  explicit Stream(ByteSource& source) : reader_(source) {}

  // The next command.  The data of a `Blob`, and of a `Modify` of form in_line, must be taken
  // before the next one.
  Result<Command> next();
  // How long the data that comes next is: nullopt if a delimiter ends it.  Call it, then `data`.
  Result<std::optional<uint64_t>> data_size();
  Result<void> data(const std::function<Result<void>(BytesView)>& piece);
  // The same as one string of at most `max` bytes.
  Result<Bytes> data_whole(size_t max);

  // Within the changes of a commit: skips those of `expected`, whole lines, as long as they come.
  Result<LineReader::Skipped> skip_changes(BytesView expected);
  // What a line that `next` has read as a change says, once more.
  Result<Command> change(BytesView line) { return file_command(line); }

  const LineReader& reader() const { return reader_; }
  // An error that says where the stream stands.
  std::unexpected<Error> refuse(std::string_view what,
                                Error::Kind kind = Error::Kind::invalid) const;

 private:
  Result<std::optional<BytesView>> command_line();
  Result<Command> file_command(BytesView line);
  Result<Command> modify(BytesView rest);
  Result<Command> move(BytesView rest, Move::Keep source);
  Result<Command> commit(BytesView ref);
  Result<Command> tag(BytesView name);
  Result<Command> reset(BytesView ref);
  Result<Command> blob();
  Result<Command> feature(BytesView rest);
  Result<Command> end();
  Result<void> signature_header(BytesView rest, std::vector<Header>& headers);
  // What follows `keyword` in the next line, if that starts with it; else the line comes again.
  Result<std::optional<Bytes>> optional_line(BytesView keyword);
  Result<uint64_t> optional_mark();
  Result<std::optional<GitId>> optional_original_id();
  Result<Reference> reference(BytesView text) const;
  // A path: to the end of the line, or, for `ends_at_space`, up to a space; what is behind stays.
  enum class Until { line_end, space };
  Result<BytesView> path(BytesView& rest, Until until, Bytes& unquoted) const;

  LineReader reader_;
  bool wants_done_ = false;
  bool ended_ = false;
  bool in_commit_ = false;
  std::optional<uint64_t> size_;  // of the data that comes next
  Bytes delimiter_;
  Bytes path_, second_path_;
};

}  // namespace ukstore::fast_import
