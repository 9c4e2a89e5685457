#include <ukstore/tests/house/tidy.h>

#include <algorithm>
#include <map>
#include <optional>
#include <regex>

namespace ukstore::house {
namespace {

constexpr size_t kColumnsMax = 100;
constexpr size_t kFunctionLinesMax = 70;
constexpr size_t kFileLinesMax = 400;
constexpr size_t kTestLinesMax = 600;

// What a folder may include of ours, and what of others' it must not.  The longest prefix counts.
struct Layer {
  std::string prefix;
  std::vector<std::string> may;
  std::string must_not;  // of headers outside the project, as a regular expression
};

const std::vector<Layer>& layers() {
  static const std::string kKj = "(kj|capnp)/.*";
  static const std::string kNetwork = "|sys/socket\\.h|netinet/.*|arpa/.*|netdb\\.h|linux/if.*";
  static const std::string kDisks = "|lmdb\\.h|fstream|filesystem|fcntl\\.h|unistd\\.h|sys/.*";
  static const std::vector<Layer> kLayers = {
      {"store/", {"store/"}, kKj + kNetwork},
      {"merge/", {"store/", "merge/"}, kKj + kNetwork + kDisks},
      {"sync/", {"store/", "merge/", "sync/", "libos/kj/task.h"}, "sys/.*|unistd\\.h|lmdb\\.h"},
      {"images/", {"store/", "merge/", "sync/", "libos/", "images/", "ukstore.h"}, ""},
      {"libos/net/", {"libos/net/"}, kKj},
      {"libos/core/", {"libos/"}, kKj},
      {"libos/", {"libos/"}, ""},
      {"examples/", {"store/", "merge/", "sync/", "examples/", "ukstore.h"}, ""},
  };
  return kLayers;
}

const Layer* layer_of(const std::string& path) {
  const Layer* best = nullptr;
  for (const Layer& layer : layers()) {
    if (path.starts_with(layer.prefix) && (!best || layer.prefix.size() > best->prefix.size())) {
      best = &layer;
    }
  }
  return best;
}

bool is_test(const std::string& path) { return path.starts_with("tests/"); }
bool is_library(const std::string& path) {
  return path.starts_with("store/") || path.starts_with("merge/") || path.starts_with("sync/") ||
         path.starts_with("libos/net/") || path.starts_with("libos/kj/");
}

// Characters, not bytes: continuation bytes of UTF-8 take no column.
size_t columns(const std::string& line) {
  return std::ranges::count_if(line, [](unsigned char c) { return (c & 0xc0) != 0x80; });
}

// A rule about one line: the expression is costly, so it is tried only where one of the words
// stands.
struct Pattern {
  std::vector<std::string_view> words;
  std::regex expression;

  bool in(const std::string& line) const {
    const auto stands = [&](std::string_view word) { return line.find(word) != std::string::npos; };
    return std::ranges::any_of(words, stands) && std::regex_search(line, expression);
  }
};

class Checker {
 public:
  Checker(const Source& source, Exists exists) : source_(source), exists_(exists) {}

  std::vector<Finding> run() {
    check_text();
    if (source_.code.empty()) return std::move(found_);
    check_file_name();
    check_file_length();
    check_includes();
    check_functions();
    check_code();
    return std::move(found_);
  }

 private:
  bool allowed(size_t line, const std::string& rule) const {
    const std::string mark = "tidy: allow " + rule + " (";
    const auto has = [&](size_t n) {
      return n >= 1 && n <= source_.lines.size() &&
             source_.lines[n - 1].find(mark) != std::string::npos;
    };
    if (line != 0) return has(line) || has(line - 1);
    return std::ranges::any_of(source_.lines, [&](const std::string& text) {
      return text.find(mark) != std::string::npos;
    });
  }

  void report(size_t line, const std::string& rule, std::string what) {
    if (!allowed(line, rule)) found_.push_back({source_.path, line, rule, std::move(what)});
  }

  // What holds for every text file.
  void check_text() {
    static const Pattern unfinished{{"TO"
                                     "DO",
                                     "FIX"
                                     "ME",
                                     "X"
                                     "XX"},
                                    std::regex("\\b(TO"
                                               "DO|FIX"
                                               "ME|X"
                                               "XX)\\b")};
    static const Pattern machine{{"/wo"
                                  "rk/",
                                  "/ro"
                                  "ot/"},
                                 std::regex("(^|[^\\w.])/(wo"
                                            "rk|ro"
                                            "ot)/")};
    for (size_t i = 0; i < source_.lines.size(); ++i) {
      const std::string& line = source_.lines[i];
      if (unfinished.in(line)) report(i + 1, "unfinished", "finish it or file it");
      if (machine.in(line)) report(i + 1, "machine", "a path of one machine");
      if (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
        report(i + 1, "space", "space at the end of the line");
      }
      if (!source_.code.empty() && columns(line) > kColumnsMax) {
        report(i + 1, "columns", std::to_string(columns(line)) + " columns");
      }
    }
    if (!source_.ends_with_newline) report(0, "space", "no newline at the end");
  }

  void check_file_name() {
    static const std::regex vague(R"((^|/)(utils?|common|helpers?|misc|stuff|part\d+)\.\w+$)");
    if (std::regex_search(source_.path, vague)) report(0, "file-name", "name it after its idea");
  }

  void check_file_length() {
    const size_t most = is_test(source_.path) ? kTestLinesMax : kFileLinesMax;
    if (source_.lines.size() > most) {
      report(0, "file-length", std::to_string(source_.lines.size()) + " lines; split it by idea");
    }
  }

  void check_includes() {
    static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    static const std::regex pragma(R"(^\s*#\s*pragma\s+once\b)");
    std::optional<std::string> first;
    bool once = false;
    for (size_t i = 0; i < source_.lines.size(); ++i) {
      std::smatch match;
      if (source_.lines[i].find('#') == std::string::npos) continue;
      if (std::regex_search(source_.lines[i], pragma)) once = true;
      if (!std::regex_search(source_.lines[i], match, include)) continue;
      if (!first) first = match[2];
      if (match[1] == "\"" && !is_own_part(match[2])) {
        report(i + 1, "quoted-include", "write <ukstore/FOLDER/NAME.h>");
      }
      check_arrow(i + 1, match[2]);
    }
    if (is_header(source_.path) && !once) report(0, "pragma-once", "a header needs it");
    check_own_header(first);
  }

  // Programs (images and tests) may name the headers beside them by quotes: nobody else includes
  // those.
  bool is_own_part(const std::string& header) const {
    if (header.ends_with(".capnp.h")) return true;  // generated
    const bool program = is_test(source_.path) || source_.path.starts_with("images/");
    return program && exists_(source_.path.substr(0, source_.path.rfind('/') + 1) + header);
  }

  void check_arrow(size_t line, const std::string& header) {
    const Layer* layer = layer_of(source_.path);
    if (!layer) return;
    constexpr std::string_view kOurs = "ukstore/";
    if (header.starts_with(kOurs)) {
      const std::string target = header.substr(kOurs.size());
      const bool fine = std::ranges::any_of(
          layer->may, [&](const std::string& prefix) { return target.starts_with(prefix); });
      if (!fine) report(line, "arrow", layer->prefix + " must not include " + target);
    } else if (!layer->must_not.empty() && std::regex_match(header, std::regex(layer->must_not))) {
      report(line, "arrow", layer->prefix + " must not know <" + header + ">");
    }
  }

  void check_own_header(const std::optional<std::string>& first) {
    if (is_header(source_.path)) return;
    const std::string header = source_.path.substr(0, source_.path.rfind('.')) + ".h";
    if (!exists_(header)) return;
    if (first == "ukstore/" + header) return;
    if (first == header.substr(header.rfind('/') + 1) && is_own_part(*first)) return;
    report(0, "own-header", "<ukstore/" + header + "> first");
  }

  void check_functions() {
    for (const FunctionBody& body : function_bodies(source_)) {
      const size_t lines = body.last_line - body.first_line + 1;
      if (lines > kFunctionLinesMax) {
        report(body.first_line, "function-length", std::to_string(lines) + " lines");
      }
    }
  }

  void check_code() {
    static const Pattern name{
        {"Manager", "Helper", "Impl", "Util"},
        std::regex(R"(\b(class|struct|enum|union|using)\s+(class\s+|struct\s+)?)"
                   R"(\w*(Manager|Helper|Impl|Utils?)\b)")};
    static const Pattern console{{"cout", "cerr", "clog"},
                                 std::regex(R"(\bstd\s*::\s*(cout|cerr|clog)\b)")};
    static const Pattern waits{
        {"sleep"}, std::regex(R"(\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\()")};
    static const Pattern macro{{"define"}, std::regex(R"(^\s*#\s*define\b)")};
    static const Pattern macro_allowed{
        {"define"}, std::regex(R"(#\s*define\s+(_GNU_SOURCE|FUSE_USE_VERSION|XXH_\w+)\b)")};
    static const Pattern using_all{{"using"}, std::regex(R"(\busing\s+namespace\b)")};
    for (size_t i = 0; i < source_.code.size(); ++i) {
      const std::string& code = source_.code[i];
      if (name.in(code)) report(i + 1, "type-name", "say what it is");
      if (is_library(source_.path) && console.in(code))
        report(i + 1, "console", "return it instead");
      if (is_test(source_.path) && waits.in(code)) report(i + 1, "sleep", "move the clock by hand");
      if (is_header(source_.path) && using_all.in(code)) report(i + 1, "using", "not in a header");
      const std::string& line = source_.lines[i];
      if (!source_.path.ends_with(".S") && macro.in(line) && !macro_allowed.in(line)) {
        report(i + 1, "macro", "a constexpr or an inline function will do");
      }
    }
  }

  const Source& source_;
  Exists exists_;
  std::vector<Finding> found_;
};

}  // namespace

std::string to_string(const Finding& finding) {
  std::string place = finding.path;
  if (finding.line != 0) place += ":" + std::to_string(finding.line);
  return place + ": " + finding.rule + ": " + finding.what;
}

std::vector<Finding> check_source(const Source& source, Exists exists) {
  return Checker(source, exists).run();
}

std::vector<std::string> rules() {
  return {"arrow",   "columns",    "console",         "file-length", "file-name", "macro",
          "machine", "own-header", "function-length", "pragma-once", "sleep",     "quoted-include",
          "space",   "type-name",  "unfinished",      "using"};
}

}  // namespace ukstore::house
