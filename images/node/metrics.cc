#include <ukstore/images/node/metrics.h>

namespace ukstore::node {
namespace {

// Label values escape the quote, the backslash and the line end.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Metrics::add(std::string_view name, std::string_view meaning, std::string_view type,
                  uint64_t value, const Labels& labels) {
  if (last_ != name) {
    last_ = name;
    text_ += "# HELP " + last_ + ' ' + std::string(meaning) + "\n# TYPE " + last_ + ' ' +
             std::string(type) + '\n';
  }
  text_ += name;
  for (size_t i = 0; i < labels.size(); ++i) {
    text_ += i == 0 ? '{' : ',';
    text_ += std::string(labels[i].first) + "=\"" + escaped(labels[i].second) + '"';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ' + std::to_string(value) + '\n';
}

}  // namespace ukstore::node
