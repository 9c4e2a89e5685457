#include <ukstore/images/ukstore/state_walk.h>

#include <ukstore/store/diff.h>

#include <set>

namespace ukstore::cli {
namespace {

constexpr uint64_t kPage = 1000;

std::string reading(const Bytes& path) { return "cannot read " + in_quotes(path); }

// The smallest name above all that begin with... this one itself: the next name in order.
Bytes next_name(const Bytes& name) { return name + '\0'; }

Flow visit_below(const State& state, const Bytes& directory, const Bytes& after,
                 const EntryVisitor& visit) {
  // `after` is relative to the directory; its first step may be entered again.
  const size_t slash = after.find('/');
  const Bytes first = after.substr(0, slash);
  const Bytes rest = slash == Bytes::npos ? Bytes() : after.substr(slash + 1);
  Flow flow = Flow::go_on;
  Bytes from = first;
  while (flow == Flow::go_on) {
    const auto page = must(state.list(directory, from, kPage), reading(directory));
    for (const ListedName& listed : page) {
      const Bytes path = joined(directory, listed.name);
      const bool entered = !after.empty() && listed.name == first;
      if (!entered && listed.has_entries_below) {
        const auto value = must(state.value(path), reading(path));
        if (value && !value->live.empty()) flow = visit(path, listed);
      } else if (!entered) {
        flow = visit(path, listed);
      }
      if (flow == Flow::go_on && listed.has_entries_below) {
        flow = visit_below(state, path, entered ? rest : Bytes(), visit);
      }
      if (flow == Flow::stop) return flow;
    }
    if (page.size() < kPage) break;
    from = next_name(page.back().name);
  }
  return flow;
}

}  // namespace

Bytes joined(const Bytes& directory, BytesView name) {
  return directory.empty() ? Bytes(name) : directory + "/" + Bytes(name);
}

void visit_names(const State& state, const Bytes& directory, const Bytes& after,
                 const EntryVisitor& visit) {
  Bytes from = after.empty() ? Bytes() : next_name(after);
  for (;;) {
    const auto page = must(state.list(directory, from, kPage), reading(directory));
    for (const ListedName& listed : page) {
      if (visit(joined(directory, listed.name), listed) == Flow::stop) return;
    }
    if (page.size() < kPage) return;
    from = next_name(page.back().name);
  }
}

void visit_values(const State& state, const Bytes& directory, const Bytes& after,
                  const EntryVisitor& visit) {
  visit_below(state, directory, after, visit);
}

Bytes value_path(BytesView path) {
  if (path.starts_with('\0')) return {};
  return Bytes(path.substr(0, path.find(BytesView("/\0", 2))));
}

void visit_changes(const State& before, const State& after, const Bytes& path,
                   const PathVisitor& visit) {
  const std::string doing = "cannot compare at " + in_quotes(path);
  if (!path.empty()) {
    // What is live at the path itself is no part of the trees below it.
    const auto old_entry = must(before.tree().at(path), doing);
    const auto new_entry = must(after.tree().at(path), doing);
    if (old_entry == new_entry) return;
    const auto was = must(before.value(path), doing), is = must(after.value(path), doing);
    const bool live = (was && !was->live.empty()) || (is && !is->live.empty());
    const Live none;
    const bool same = (was ? was->live : none) == (is ? is->live : none);
    if (live && !same && visit(path) == Flow::stop) return;
  }
  const Tree old_tree = must(before.tree().subtree(path), doing);
  const Tree new_tree = must(after.tree().subtree(path), doing);
  std::optional<Bytes> last;
  must(diff_paths(old_tree, new_tree,
                  [&](BytesView key, const auto&, const auto&) {
                    const Bytes below = value_path(key);
                    if (below.empty() || below == last) return Flow::go_on;
                    last = below;
                    return visit(joined(path, below));
                  }),
       doing);
}

}  // namespace ukstore::cli
