#pragma once
// Did you mean?  The known word that is nearest to a mistyped one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::cli {

// How many letters must be put in, taken out, changed or swapped with their neighbour to make one
// of the other (optimal string alignment).
size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known`, the first of equals; nullopt if none is near: a third of the letters,
// and at least one, may be wrong.  A word that begins with what was typed is near, too.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

// "did you mean \"main\"?", or nothing.
std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known);

}  // namespace ukstore::cli
