#pragma once
// Figures in the text format that Prometheus reads (version 0.0.4).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ukstore::node {

class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  // What only grows, and what goes up and down.  Figures of one name stand together.
  void counter(std::string_view name, std::string_view meaning, uint64_t value,
               const Labels& labels = {}) {
    add(name, meaning, "counter", value, labels);
  }
  void gauge(std::string_view name, std::string_view meaning, uint64_t value,
             const Labels& labels = {}) {
    add(name, meaning, "gauge", value, labels);
  }
  const std::string& text() const { return text_; }

 private:
  void add(std::string_view name, std::string_view meaning, std::string_view type, uint64_t value,
           const Labels& labels);

  std::string last_;
  std::string text_;
};

}  // namespace ukstore::node
