#include <ukstore/store/history.h>
#include <ukstore/store/walk.h>

#include <unordered_map>

namespace ukstore {
namespace {

class PathWalk {
 public:
  PathWalk(const CommitSource& source, BytesView path, WalkBudget& budget)
      : source_(source), path_(path), budget_(budget), walk_(source, own_budget_) {}

  Result<std::vector<PathChange>> run(const ObjectRef& start, size_t limit) {
    if (auto ok = check_path(path_); !ok) return pass_on(ok);
    std::vector<PathChange> changes;
    auto known = source_.resolve(start);
    if (!known) return pass_on(known);
    if (auto ok = look(*known); !ok) return pass_on(ok);
    if (auto met = walk_.meet(*known, 0); !met) return pass_on(met);
    while (changes.size() < limit) {
      auto number = walk_.pop();
      if (!number) break;
      auto change = step(*number);
      if (!change) return pass_on(change);
      if (*change) changes.push_back(**change);
    }
    return changes;
  }

 private:
  // A commit that was read: followed, or looked at as a parent.
  struct Seen {
    CommitLinks links;
    bool is_known = false;           // `content` was looked up
    std::optional<Bytes> content{};  // bytes that are equal iff what stands at the path is
  };

  Result<Seen*> look(const ObjectRef& ref) {
    auto [place, is_new] = seen_.try_emplace(ref.hash);
    if (!is_new) return &place->second;
    if (budget_.visits >= budget_.visits_max) {
      return fail(Error::Kind::limit, "the history of a path reached its limit of commits");
    }
    ++budget_.visits;
    auto links = source_.links(ref);
    if (!links) return pass_on(links, "the history of a path");
    place->second.links = *links;
    return &place->second;
  }

  Result<void> learn(Seen& seen) {
    if (seen.is_known) return {};
    seen.is_known = true;
    if (path_.empty()) {
      seen.content = seen.links.tree().hash.view();
      return {};
    }
    auto tree = source_.tree(seen.links.tree());
    if (!tree) return pass_on(tree);
    auto entry = tree->at(path_);
    if (!entry) return pass_on(entry);
    if (*entry) seen.content = (*entry)->encoded;
    return {};
  }

  // Follows the parents that matter; the change that the commit made, if it made one.
  Result<std::optional<PathChange>> step(uint32_t number) {
    const CommitLinks links = walk_.node(number).links;
    auto own = look(walk_.node(number).ref);
    if (!own) return pass_on(own);
    for (size_t i = 0; i < links.parent_count(); ++i) {
      auto parent = look(links.parent(i));
      if (!parent) return pass_on(parent);
      // Where the whole tree is this parent's nobody needs to look for the path.  The first parent
      // that has the same there is followed, and the others are not even read.
      bool same = (*parent)->links.tree() == links.tree();
      if (!same) {
        if (auto ok = learn(**own); !ok) return pass_on(ok);
        if (auto ok = learn(**parent); !ok) return pass_on(ok);
        same = (*parent)->content == (*own)->content;
      }
      if (same) return follow_unchanged(number, links.parent(i), **parent);
    }
    if (auto ok = learn(**own); !ok) return pass_on(ok);
    for (size_t i = 0; i < links.parent_count(); ++i) {
      if (auto met = walk_.meet(links.parent(i), 0); !met) return pass_on(met);
    }
    bool present = (*own)->content.has_value();
    (*own)->content.reset();
    if (links.parent_count() == 0 && !present) return std::nullopt;
    return PathChange{walk_.walked(number), present};
  }

  Result<std::optional<PathChange>> follow_unchanged(uint32_t number, const ObjectRef& parent,
                                                     Seen& parent_seen) {
    Seen& own = seen_.find(walk_.node(number).ref.hash)->second;
    if (own.is_known && !parent_seen.is_known) {
      parent_seen.is_known = true;
      parent_seen.content = std::move(own.content);
    }
    own.content.reset();
    if (auto met = walk_.meet(parent, 0); !met) return pass_on(met);
    return std::nullopt;
  }

  const CommitSource& source_;
  const BytesView path_;
  WalkBudget& budget_;
  WalkBudget own_budget_;  // the queue's reads are of commits counted in `budget_`
  CommitWalk walk_;
  std::unordered_map<Hash, Seen> seen_;
};

}  // namespace

Result<std::vector<PathChange>> path_history(const CommitSource& source, const ObjectRef& start,
                                             BytesView path, size_t limit, WalkBudget& budget) {
  return PathWalk(source, path, budget).run(start, limit);
}

}  // namespace ukstore
