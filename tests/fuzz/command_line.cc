// The parsers of the command line against hostile words: paths, revisions, whole command lines and
// lines of a batch end in a value or in a Failure with a hint, never otherwise.
#include <ukstore/images/ukstore/arguments.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/failure.h>
#include <ukstore/images/ukstore/json.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/store/tree.h>

#include <cassert>

namespace ukstore::cli {
namespace {

void read_path(const std::string& text) {
  const Bytes path = directory_of(text);
  assert(path.empty() || check_path(path));
  assert(directory_of(path) == path);
}

void read_revision(const std::string& text) {
  const auto revision = parse_revision(text);
  if (!revision) return;
  // Written again from its parts it means the same.
  std::string again = revision->start;
  for (const RevisionStep& step : revision->steps) {
    again += step.kind == RevisionStep::Kind::parent ? '^' : '~';
    again += std::to_string(step.number);
  }
  assert(parse_revision(again) == revision);
}

void read_command_line(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '\n') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  const Arguments arguments = Arguments::parse(words);
  if (arguments.command()) usage_line(*arguments.command());
}

void read_json(const std::string& text) {
  const Json object = parse_json(text, "the line");
  if (!object.is_object()) return;
  take_bytes(object, "value");
  line_of(object);
}

}  // namespace
}  // namespace ukstore::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ukstore::cli;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 4) {
      case 0:
        read_path(text);
        break;
      case 1:
        read_revision(text);
        break;
      case 2:
        read_command_line(text);
        break;
      default:
        read_json(text);
    }
  } catch (const Failure& failure) {
    assert(!failure.hints.empty());
    assert(!failure.message.empty());
  }
  return 0;
}
