#include <ukstore/merge/changed_positions.h>

#include <ukstore/store/diff.h>

#include <algorithm>

namespace ukstore {
namespace {

using OptionalEntry = std::optional<Entry>;

struct Search {
  std::vector<ChangedPosition> found{};

  // `at` is the position whose child trees these are; null at the top.
  Result<void> look(const Tree& before, const Tree& after, const Bytes& path, ChangedPosition* at) {
    Result<void> result;
    auto visit = [&](BytesView key, const OptionalEntry& b, const OptionalEntry& a) {
      result = look_at(before, after, path, at, key, b, a);
      return result ? Flow::go_on : Flow::stop;
    };
    if (auto ok = diff(before, after, visit); !ok) return ok;
    return result;
  }

  Result<void> look_at(const Tree& before, const Tree& after, const Bytes& path,
                       ChangedPosition* at, BytesView key, const OptionalEntry& b,
                       const OptionalEntry& a) {
    auto slot = slot_of(key);
    if (!slot) return pass_on(slot);
    if (slot->is == Slot::Is::beside) return {};  // part of the header
    if (slot->is == Slot::Is::value) {
      if (at) at->kinds.push_back(slot->kind);
      return {};
    }
    ChangedPosition here{path.empty() ? Bytes(key) : path + "/" + Bytes(key), {}, {}, {}};
    auto live_before = read_live(before, b), live_after = read_live(after, a);
    if (!live_before) return pass_on(live_before);
    if (!live_after) return pass_on(live_after);
    here.before = std::move(*live_before);
    here.after = std::move(*live_after);
    auto below_before = child_of(before, b), below_after = child_of(after, a);
    if (!below_before) return pass_on(below_before);
    if (!below_after) return pass_on(below_after);
    // The position itself stands before those below it.
    size_t index = found.size();
    found.push_back({});
    if (auto ok = look(*below_before, *below_after, here.path, &here); !ok) return ok;
    for (const Live* live : {&here.before, &here.after}) {
      for (const LiveEntry& entry : *live) {
        if (is_typed(entry.kind)) here.kinds.push_back(entry.kind);
      }
    }
    std::ranges::sort(here.kinds);
    auto twice = std::ranges::unique(here.kinds);
    here.kinds.erase(twice.begin(), twice.end());
    if (here.before == here.after && here.kinds.empty()) {
      found.erase(found.begin() + static_cast<ptrdiff_t>(index));
    } else {
      found[index] = std::move(here);
    }
    return {};
  }

  static Result<Tree> child_of(const Tree& tree, const OptionalEntry& entry) {
    return entry ? tree.child(*entry) : Result<Tree>(Tree(tree.objects()));
  }
};

}  // namespace

Result<std::vector<ChangedPosition>> changed_positions(const State& before, const State& after) {
  Search search;
  if (auto ok = search.look(before.tree(), after.tree(), {}, nullptr); !ok) return pass_on(ok);
  return std::move(search.found);
}

}  // namespace ukstore
