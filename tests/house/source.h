#pragma once
// A source file as the rules of the house look at it: its lines, and the same text with comments,
// literals and preprocessor lines blanked, so that a rule about code is not fooled by prose.

#include <string>
#include <string_view>
#include <vector>

namespace ukstore::house {

struct Source {
  std::string path;                // from the top of the project: "store/hash.cc"
  std::vector<std::string> lines;  // as they stand, without line ends
  std::vector<std::string> code;   // the same lines; what is not code is spaces
  bool ends_with_newline = true;
};

// Splits `text` into lines; `code` is filled for C++, C and assembly only.
Source read_source(std::string path, std::string_view text);

// A block in braces that holds statements: a function, or a lambda outside of one.
struct FunctionBody {
  size_t first_line;  // of the opening brace, from 1
  size_t last_line;   // of the closing one
};

// The outermost function bodies, by counting braces: those of namespaces and classes are looked
// into, those of tables are not functions.
std::vector<FunctionBody> function_bodies(const Source& source);

bool is_cpp(std::string_view path);     // .h .cc .c
bool is_header(std::string_view path);  // .h

}  // namespace ukstore::house
