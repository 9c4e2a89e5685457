#include <ukstore/images/ukstore/nearest.h>

#include <ukstore/store/tree.h>

#include <algorithm>

namespace ukstore::cli {

size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table: `before` is two above `now`, for swaps.
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({above[j] + 1, now[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(now);
  }
  return above[b.size()];
}

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
  constexpr size_t kTypedMax = 200;  // the table is quadratic
  if (typed.size() > kTypedMax) return std::nullopt;
  std::optional<std::string> best;
  // Where every letter would change nothing is alike.
  size_t best_distance = std::min(std::max<size_t>(1, typed.size() / 3) + 1, typed.size());
  for (const std::string& word : known) {
    if (word.size() > kTypedMax) continue;
    size_t distance = edit_distance(typed, word);
    if (typed.size() >= 3 && word.starts_with(typed)) distance = std::min<size_t>(distance, 1);
    if (distance < best_distance) {
      best = word;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
  const auto word = nearest(typed, known);
  return word ? "did you mean \"" + printable(*word) + "\"?" : "";
}

}  // namespace ukstore::cli
