#include <ukstore/store/slice.h>

#include <ukstore/store/history.h>
#include <ukstore/store/links.h>
#include <ukstore/store/node.h>
#include <ukstore/store/slice_format.h>
#include <ukstore/store/value.h>

#include <algorithm>
#include <ranges>
#include <unordered_set>

namespace ukstore {
namespace {

constexpr size_t kSentMax = size_t{1} << 18;
constexpr int kDepthMax = 4096;

bool is_node(const ObjectView& view) {
  return view.kind == ObjectKind::leaf || view.kind == ObjectKind::inner;
}

class SliceWriter {
 public:
  SliceWriter(const Store& store, const CommitSource& commits, const ByteSink& sink)
      : objects_(store.objects()), commits_(commits), sink_(sink) {}

  Result<SliceCounts> run(const SliceRequest& request) {
    if (auto ok = put_header(request.heads); !ok) return pass_on(ok);
    std::vector<ObjectRef> starts;
    for (const Ref& ref : request.heads) {
      if (auto ok = add_head(ref.head, starts); !ok) return pass_on(ok);
    }
    if (auto ok = put_commits(starts, request.haves); !ok) return pass_on(ok);
    // Tags last: they name what came before.
    for (const auto& [ref, view] : std::views::reverse(tags_)) {
      if (auto ok = put(ref, view); !ok) return pass_on(ok);
    }
    char end[1 + 8];
    end[0] = 0;
    store_le<uint64_t>(end + 1, counts_.objects);
    if (auto ok = write(BytesView(end, sizeof end)); !ok) return pass_on(ok);
    return counts_;
  }

 private:
  Result<void> write(BytesView bytes) {
    counts_.bytes += bytes.size();
    return sink_(bytes);
  }

  Result<void> put_header(const std::vector<Ref>& heads) {
    Bytes header = slice_header();
    append_le<uint32_t>(header, static_cast<uint32_t>(heads.size()));
    for (const Ref& ref : heads) append_slice_ref(header, ref);
    return write(header);
  }

  // The commits, and on the way the tags and other objects, to which a head leads.
  Result<void> add_head(const Head& head, std::vector<ObjectRef>& starts) {
    ObjectRef ref{head.ref.hash, {}};
    for (ObjectKind kind = head.kind;;) {
      if (kind == ObjectKind::commit) {
        starts.push_back(ref);
        return {};
      }
      auto view = objects_.load(ref);
      if (!view) return pass_on(view);
      if (view->kind != ObjectKind::tag) return emit(ref, {}, 0);
      tags_.emplace_back(ref, *view);
      auto tag = decode_tag(*view);
      if (!tag) return pass_on(tag);
      ref = tag->target;
      kind = tag->target_kind;
    }
  }

  Result<void> put_commits(const std::vector<ObjectRef>& starts,
                           const std::vector<ObjectRef>& haves) {
    LogOptions options;
    for (const ObjectRef& have : haves) {
      auto known = commits_.resolve(have);
      if (known) options.hide.push_back(have);
      if (!known && known.error().kind != Error::Kind::not_found) return pass_on(known);
    }
    WalkBudget budget;
    auto log = Log::start(commits_, starts, std::move(options), budget);
    if (!log) return pass_on(log);
    std::vector<ObjectRef> newest_first;
    for (;;) {
      auto next = log->next();
      if (!next) return pass_on(next);
      if (!*next) break;
      newest_first.push_back((*next)->ref);
    }
    for (const ObjectRef& ref : std::views::reverse(newest_first)) {
      if (auto ok = put_commit(ref); !ok) return ok;
    }
    return {};
  }

  Result<void> put_commit(const ObjectRef& ref) {
    auto known = commits_.resolve(ref);
    if (!known) return pass_on(known);
    auto links = commits_.links(*known);
    if (!links) return pass_on(links);
    // What the parents' trees hold is there already.
    std::vector<ObjectRef> before;
    for (size_t i = 0; i < links->parent_count(); ++i) {
      auto parent = commits_.links(links->parent(i));
      if (!parent) return pass_on(parent);
      before.push_back(parent->tree());
    }
    if (auto ok = emit(links->tree(), before, 0); !ok) return ok;
    ++counts_.commits;
    return put(*known, links->view());
  }

  // Puts an object and all below it, but what is found in the same place in `before`.
  Result<void> emit(const ObjectRef& ref, const std::vector<ObjectRef>& before, int depth) {
    if (std::ranges::find(before, ref) != before.end() || sent_.contains(ref.hash)) return {};
    if (depth > kDepthMax) return fail(Error::Kind::limit, "a tree is over 4,096 objects deep");
    auto view = objects_.load(ref);
    if (!view) return pass_on(view);
    std::vector<ObjectView> old;
    for (const ObjectRef& each : before) {
      auto loaded = objects_.load(each);
      if (!loaded) return pass_on(loaded);
      if (loaded->kind == view->kind) old.push_back(*loaded);
    }
    auto ok =
        is_node(*view) ? emit_node(NodeView(*view), old, depth) : emit_links(*view, old, depth);
    if (!ok) return ok;
    if (sent_.size() >= kSentMax) sent_.clear();
    sent_.insert(ref.hash);
    return put(ref, *view);
  }

  // Any link of an old object of that kind stands for all.
  Result<void> emit_links(const ObjectView& view, const std::vector<ObjectView>& old, int depth) {
    std::vector<ObjectRef> before, links;
    for (const ObjectView& each : old) {
      visit_links(each, [&](const Link& link) {
        if (link.role == Link::Role::chunk) before.push_back(link.ref);
      });
    }
    visit_links(view, [&](const Link& link) { links.push_back(link.ref); });
    for (const ObjectRef& link : links) {
      bool known = std::ranges::find(before, link) != before.end();
      if (known) continue;
      if (auto ok = emit(link, {}, depth + 1); !ok) return ok;
    }
    return {};
  }

  // Old nodes of the same level are looked into by key.
  Result<void> emit_node(const NodeView& node, const std::vector<ObjectView>& old, int depth) {
    std::vector<NodeView> before;
    for (const ObjectView& each : old) {
      if (NodeView(each).level() == node.level()) before.emplace_back(each);
    }
    for (uint32_t i = 0; i < node.count(); ++i) {
      auto ok = node.is_leaf() ? emit_entry(entry_at(node, i), before, node.key(i), depth)
                               : emit_child(node, i, before, depth);
      if (!ok) return ok;
    }
    return {};
  }

  Result<void> emit_child(const NodeView& node, uint32_t i, const std::vector<NodeView>& before,
                          int depth) {
    std::vector<ObjectRef> old;
    const Bytes first = i == 0 ? Bytes() : node.key(i - 1);
    for (const NodeView& each : before) {
      // The old nodes in which its first and its last key would lie.
      for (uint32_t at :
           {each.lower_bound(first), each.lower_bound(first) + 1, each.lower_bound(node.key(i))}) {
        if (at >= each.count()) continue;
        if (std::ranges::find(old, each.child(at)) == old.end()) old.push_back(each.child(at));
      }
    }
    return emit(node.child(i), old, depth + 1);
  }

  Result<void> emit_entry(const Entry& entry, const std::vector<NodeView>& before, const Bytes& key,
                          int depth) {
    std::vector<ObjectRef> payloads, children;
    std::vector<NodeView> embedded;
    for (const NodeView& each : before) {
      uint32_t at = each.lower_bound(key);
      if (!each.has_key_at(at, key)) continue;
      Entry old = entry_at(each, at);
      if (old.encoded == entry.encoded) return {};
      if (old.payload_form >= PayloadForm::blob) payloads.push_back(old.object);
      if (old.child_form == ChildForm::stored) children.push_back(old.child);
      if (old.child_form == ChildForm::embedded) embedded.emplace_back(old.embedded);
    }
    if (entry.payload_form >= PayloadForm::blob) {
      if (auto ok = emit(entry.object, payloads, depth + 1); !ok) return ok;
    }
    if (entry.child_form == ChildForm::stored) return emit(entry.child, children, depth + 1);
    if (entry.child_form != ChildForm::embedded) return {};
    NodeView child(entry.embedded);
    for (uint32_t i = 0; i < child.count(); ++i) {
      auto ok = emit_entry(entry_at(child, i), embedded, child.key(i), depth + 1);
      if (!ok) return ok;
    }
    return {};
  }

  Result<void> put(const ObjectRef&, const ObjectView& view) {
    char head[5];
    head[0] = static_cast<char>(view.kind);
    store_le<uint32_t>(head + 1, static_cast<uint32_t>(view.bytes.size()));
    if (auto ok = write(BytesView(head, sizeof head)); !ok) return ok;
    ++counts_.objects;
    return write(view.bytes);
  }

  const ObjectStore& objects_;
  const CommitSource& commits_;
  const ByteSink& sink_;
  std::unordered_set<Hash> sent_;
  std::vector<std::pair<ObjectRef, ObjectView>> tags_;
  SliceCounts counts_;
};

}  // namespace

Result<SliceCounts> write_slice(const Store& store, const SliceRequest& request,
                                const ByteSink& sink) {
  auto commits = store.commits();
  if (!commits) return pass_on(commits);
  return SliceWriter(store, **commits, sink).run(request);
}

}  // namespace ukstore
