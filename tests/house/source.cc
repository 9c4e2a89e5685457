#include <ukstore/tests/house/source.h>

#include <cctype>
#include <regex>

namespace ukstore::house {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Whether the quote at `at` separates digits, as in 1'000: the token before it starts with a digit.
bool separates_digits(std::string_view text, size_t at) {
  size_t start = at;
  while (start > 0 && (is_word(text[start - 1]) || text[start - 1] == '\'')) --start;
  return start < at && std::isdigit(static_cast<unsigned char>(text[start]));
}

// The end of the literal that opens at `at`, just behind its closing quote.
size_t end_of_quoted(std::string_view text, size_t at) {
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::min(text.find('\n', at), text.size());
}

// The end of a raw string literal whose quote is at `at`: R"x( ... )x".
size_t end_of_raw(std::string_view text, size_t at) {
  const size_t open = text.find('(', at);
  if (open == std::string_view::npos) return text.size();
  const std::string close = ")" + std::string(text.substr(at + 1, open - at - 1)) + "\"";
  const size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

// The end of a preprocessor line, continuations included.
size_t end_of_directive(std::string_view text, size_t at) {
  while (true) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    if (end == 0 || text[end - 1] != '\\') return end;
    at = end + 1;
  }
}

bool at_line_start(std::string_view text, size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  return at == 0 || text[at - 1] == '\n';
}

// Where what starts at `at` ends, if it is no code; else `at`.
size_t end_of_blank(std::string_view text, size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) {
    const size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  if (rest[0] == '#' && at_line_start(text, at)) return end_of_directive(text, at);
  if (rest[0] == '"') {
    const bool raw = at > 0 && text[at - 1] == 'R' && (at < 2 || !is_word(text[at - 2]));
    return raw ? end_of_raw(text, at) : end_of_quoted(text, at);
  }
  if (rest[0] == '\'' && !separates_digits(text, at)) return end_of_quoted(text, at);
  return at;
}

std::string blanked(std::string_view text) {
  std::string code(text);
  for (size_t at = 0; at < text.size();) {
    const size_t end = end_of_blank(text, at);
    for (size_t i = at; i < end; ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
    at = std::max(end, at + 1);
  }
  return code;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

enum class Block { scope, function, table };

// What an opening brace opens, from the text since the last statement ended.
Block block_after(const std::string& head) {
  static const std::regex parameters(R"(template\s*<[^{;]*?>(?=\s*(class|struct|union|enum)\b))");
  static const std::regex attributes(
      R"(alignas\s*\([^)]*\)|\[\[[^\]]*\]\]|__attribute__\s*\(\(.*\)\))");
  static const std::regex scope(
      R"(^\s*(inline\s+|export\s+|static\s+|typedef\s+|const\s+|constexpr\s+)*)"
      R"((namespace|class|struct|union|enum|extern)\b)");
  std::string bare = head;
  if (bare.find_first_of("([") != std::string::npos)
    bare = std::regex_replace(bare, attributes, " ");
  if (bare.find('<') != std::string::npos) bare = std::regex_replace(bare, parameters, " ");
  if (std::regex_search(bare, scope) && bare.find(')') == std::string::npos) return Block::scope;
  return bare.find(')') != std::string::npos ? Block::function : Block::table;
}

struct Open {
  Block block;
  size_t line;
};

// Walks the code once, keeping the braces that are open.
class BraceWalk {
 public:
  std::vector<FunctionBody> run(const std::vector<std::string>& code) {
    for (size_t i = 0; i < code.size(); ++i) {
      for (char c : code[i]) step(c, i + 1);
      head_ += ' ';
    }
    return std::move(found_);
  }

 private:
  bool outside() const { return open_.empty() || open_.back().block == Block::scope; }

  void step(char c, size_t line) {
    // After a member's initialiser in braces the head of the constructor goes on.
    if (closed_ && !std::isspace(static_cast<unsigned char>(c))) {
      if (c != ',' && c != '{') head_.clear();
      closed_ = false;
    }
    if (c == '{') {
      open(line);
    } else if (c == '}') {
      close(line);
    } else if (outside()) {
      if (c == ';') {
        head_.clear();
      } else {
        head_ += c;
      }
    }
  }

  void open(size_t line) {
    // Within a function or a table every brace is part of it.
    open_.push_back({outside() ? block_after(head_) : open_.back().block, line});
    if (open_.back().block == Block::scope) head_.clear();
  }

  void close(size_t line) {
    if (open_.empty()) return;
    const Open last = open_.back();
    open_.pop_back();
    if (last.block == Block::scope) {
      head_.clear();
    } else if (outside()) {
      if (last.block == Block::function) found_.push_back({last.line, line});
      closed_ = true;
    }
  }

  std::vector<Open> open_;
  std::vector<FunctionBody> found_;
  std::string head_;
  bool closed_ = false;
};

}  // namespace

Source read_source(std::string path, std::string_view text) {
  Source source;
  source.lines = split_lines(text);
  if (is_cpp(path) || path.ends_with(".S")) source.code = split_lines(blanked(text));
  source.ends_with_newline = text.empty() || text.back() == '\n';
  source.path = std::move(path);
  return source;
}

std::vector<FunctionBody> function_bodies(const Source& source) {
  return BraceWalk().run(source.code);
}

bool is_header(std::string_view path) { return path.ends_with(".h"); }
bool is_cpp(std::string_view path) {
  return is_header(path) || path.ends_with(".cc") || path.ends_with(".c");
}

}  // namespace ukstore::house
