// The changes of files within a commit of a fast-import stream.
#include <ukstore/merge/exchange/fast_import_stream.h>
#include <ukstore/merge/exchange/fast_import_words.h>
#include <ukstore/store/tree.h>

#include <algorithm>

namespace ukstore::fast_import {

Result<Command> Stream::file_command(BytesView line) {
  char command = line[0];
  BytesView rest = line.substr(2);
  switch (command) {
    case 'M':
      return modify(rest);
    case 'D': {
      auto at = path(rest, Until::line_end, path_);
      if (!at) return pass_on(at);
      return Delete{*at};
    }
    case 'C':
      return move(rest, Move::Keep::yes);
    case 'R':
      return move(rest, Move::Keep::no);
    default:
      return refuse("unknown change \"" + printable(line.substr(0, 60)) + "\"",
                    Error::Kind::unsupported);
  }
}

Result<Command> Stream::modify(BytesView rest) {
  Modify change;
  size_t space = rest.find(' ');
  auto mode = file_mode(rest.substr(0, space));
  if (!mode || space == BytesView::npos) return refuse("no mode of a file");
  change.mode = *mode;
  if (change.mode == 0040000) return refuse("a tree by its name", Error::Kind::unsupported);
  rest.remove_prefix(space + 1);
  space = rest.find(' ');
  if (space == BytesView::npos) return refuse("no path behind the content of a file");
  BytesView content = rest.substr(0, space);
  rest.remove_prefix(space + 1);
  if (content.starts_with(':')) {
    auto mark = number(content.substr(1));
    if (!mark || *mark == 0) return refuse("no mark \"" + printable(content) + "\"");
    change.form = Reference::Form::mark;
    change.mark = *mark;
  } else if (content == "inline") {
    change.form = Reference::Form::in_line;
  } else if (auto id = git_id_from_hex(content)) {
    change.form = Reference::Form::id;
    change.id = *id;
  } else {
    return refuse("no content \"" + printable(content) + "\"");
  }
  auto at = path(rest, Until::line_end, path_);
  if (!at) return pass_on(at);
  if (change.form == Reference::Form::in_line && at->data() != path_.data()) {
    path_.assign(*at);  // the data behind the line takes its place in the buffer
    at = BytesView(path_);
  }
  change.path = *at;
  return change;
}

Result<Command> Stream::move(BytesView rest, Move::Keep source) {
  auto from = path(rest, Until::space, path_);
  if (!from) return pass_on(from);
  auto to = path(rest, Until::line_end, second_path_);
  if (!to) return pass_on(to);
  return Move{source, *from, *to};
}

Result<BytesView> Stream::path(BytesView& rest, Until until, Bytes& unquoted) const {
  if (rest.size() > kPathBytesMax * 4) return refuse("a path is too long", Error::Kind::limit);
  if (!rest.starts_with('"')) {
    size_t end = until == Until::space ? rest.find(' ') : rest.size();
    if (end == BytesView::npos) return refuse("no second path");
    BytesView found = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return found;
  }
  auto length = unquote(rest, unquoted);
  if (!length) return refuse("a quoted path does not end or holds an unknown escape");
  size_t at = *length;
  if (until == Until::line_end && at != rest.size()) return refuse("something behind a path");
  if (until == Until::space && (at == rest.size() || rest[at] != ' ')) {
    return refuse("no second path");
  }
  rest.remove_prefix(std::min(rest.size(), at + 1));
  return BytesView(unquoted);
}

}  // namespace ukstore::fast_import
