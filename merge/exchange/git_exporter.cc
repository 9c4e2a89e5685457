#include <ukstore/merge/exchange/git_exporter.h>

#include <ukstore/merge/exchange/git_history.h>
#include <ukstore/merge/exchange/git_text.h>
#include <ukstore/store/diff.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr BytesView kNobody = "ukstore <> 0 +0000";

// The parents in git's order.
std::vector<ObjectRef> git_parents(const Commit& commit) {
  auto order = header_value(commit.headers, kParentsHeader);
  if (!order) return commit.parents;
  std::vector<ObjectRef> parents;
  for (size_t start = 0; start < order->size();) {
    size_t end = std::min(order->find(' ', start), order->size());
    size_t index = std::strtoul(order->c_str() + start, nullptr, 10);
    if (index < commit.parents.size()) parents.push_back(commit.parents[index]);
    start = end + 1;
  }
  return parents;
}

Bytes ident(const std::optional<Signature>& signature, const Commit& commit, BytesView header) {
  return signature ? write_ident(*signature, header_value(commit.headers, header)) : Bytes(kNobody);
}

BytesView signature_format(BytesView signature) {
  if (signature.starts_with("-----BEGIN PGP")) return "openpgp";
  if (signature.starts_with("-----BEGIN SSH")) return "ssh";
  if (signature.starts_with("-----BEGIN SIGNED")) return "x509";
  return "unknown";
}

Bytes full_ref(const Ref& ref) {
  if (ref.kind == RefKind::tag) return "refs/tags/" + ref.name;
  return ref.name.starts_with("refs/") ? ref.name : "refs/heads/" + ref.name;
}

}  // namespace

Result<GitExportReport> export_git(Store& store, ByteSink& sink, const GitExportOptions& options) {
  return GitExporter(store, sink, options).run();
}

Result<GitExportReport> GitExporter::run() {
  std::vector<Ref> refs = options_.refs;
  if (refs.empty()) {
    for (RefKind kind : {RefKind::branch, RefKind::tag}) {
      auto all = store_.refs(kind);
      if (!all) return pass_on(all);
      for (auto& [name, head] : *all) refs.push_back({kind, name, head});
    }
  }
  for (const Ref& ref : refs) {
    if (!is_git_ref(full_ref(ref))) {
      return fail(Error::Kind::invalid,
                  "\"" + printable(ref.name) + "\" is no name of a branch or tag for git");
    }
  }
  if (!refs.empty()) line_ref_ = full_ref(refs.front());
  auto commits = commits_of(refs);
  if (!commits) return pass_on(commits);
  if (auto ok = put("feature done\n"); !ok) return pass_on(ok);
  for (const ObjectRef& commit : *commits) {
    if (auto ok = write_commit(commit); !ok) return pass_on(ok, "commit " + to_hex(commit.hash));
    ++report_.commits;
    if (options_.progress && report_.commits % 256 == 0 &&
        options_.progress({bytes_, report_.commits, report_.contents}) == GoOn::stop) {
      return fail(Error::Kind::closed, "the export was broken off");
    }
  }
  if (auto ok = write_refs(refs); !ok) return pass_on(ok);
  if (auto ok = put("done\n"); !ok) return pass_on(ok);
  if (auto ok = flush(); !ok) return pass_on(ok);
  return std::move(report_);
}

Result<Head> GitExporter::peeled(Head head) const {
  while (head.kind == ObjectKind::tag) {
    auto tag = store_.tag(head.ref);
    if (!tag) return pass_on(tag);
    head = {tag->target, tag->target_kind};
  }
  return head;
}

// All commits of the refs' histories, parents first.
Result<std::vector<ObjectRef>> GitExporter::commits_of(const std::vector<Ref>& refs) {
  std::vector<ObjectRef> starts;
  for (const Ref& ref : refs) {
    auto head = peeled(ref.head);
    if (!head) return pass_on(head);
    if (head->kind != ObjectKind::commit) {
      return fail(Error::Kind::unsupported, "tag " + printable(ref.name) + " is on no commit");
    }
    starts.push_back(head->ref);
  }
  auto source = store_.commits();
  if (!source) return pass_on(source);
  WalkBudget budget;
  auto log = Log::start(**source, starts, {}, budget);
  if (!log) return pass_on(log);
  std::vector<ObjectRef> commits;
  for (;;) {
    auto next = log->next();
    if (!next) return pass_on(next);
    if (!*next) break;
    commits.push_back((*next)->ref);
  }
  std::ranges::reverse(commits);
  return commits;
}

Result<void> GitExporter::write_commit(const ObjectRef& ref) {
  auto stored = store_.commit(ref);
  if (!stored) return pass_on(stored);
  const Commit& commit = stored->commit;
  auto tree = store_.tree(*stored);
  if (!tree) return pass_on(tree);
  std::vector<ObjectRef> parents = git_parents(commit);
  Tree before(store_.objects());
  if (!parents.empty()) {
    auto first = store_.commit(parents.front());
    if (!first) return pass_on(first);
    auto shown = store_.tree(*first);
    if (!shown) return pass_on(shown);
    before = std::move(*shown);
  }
  auto files = changes(State(before), State(*tree), ref.hash);
  if (!files) return pass_on(files);
  if (auto ok = write_contents(*files); !ok) return ok;

  uint64_t mark = commit_marks_[ref.hash] = ++marks_;
  Bytes text;
  if (parents.empty()) text += "reset " + line_ref_ + "\n";
  text += "commit " + line_ref_ + "\nmark :" + std::to_string(mark) + "\n";
  text += "author " + ident(commit.author ? commit.author : commit.committer, commit,
                            commit.author ? kAuthorDateHeader : kCommitterDateHeader);
  text += "\ncommitter " + ident(commit.committer, commit, kCommitterDateHeader) + "\n";
  for (BytesView name : {BytesView("gpgsig"), BytesView("gpgsig-sha256")}) {
    auto signature = header_value(commit.headers, name);
    if (!signature) continue;
    ++report_.header_count;
    if (report_.headers.size() < 1000) report_.headers.emplace_back(ref.hash, name);
    text += Bytes("gpgsig ") + (name == "gpgsig" ? "sha1 " : "sha256 ");
    text += signature_format(*signature);
    text += "\ndata " + std::to_string(signature->size()) + "\n" + *signature + "\n";
  }
  if (auto encoding = header_value(commit.headers, "encoding")) {
    text += "encoding " + *encoding + "\n";
  }
  if (auto ok = put(text); !ok) return ok;
  if (auto ok = put_data(commit.message); !ok) return ok;
  text.clear();
  for (size_t i = 0; i < parents.size(); ++i) {
    text +=
        (i == 0 ? "from :" : "merge :") + std::to_string(commit_marks_.at(parents[i].hash)) + "\n";
  }
  for (const FileChange& file : *files) {
    if (!file.after) text += "D " + quoted_path(file.path) + "\n";
  }
  for (const FileChange& file : *files) {
    if (!file.after) continue;
    static constexpr std::string_view kModes[] = {"100644", "100755", "120000", "160000"};
    text += "M " + Bytes(kModes[static_cast<size_t>(file.after->kind) - 1]) + " ";
    text += file.mark != 0 ? ":" + std::to_string(file.mark) : file.after->stored->inlined;
    text += " " + quoted_path(file.path) + "\n";
  }
  return put(text + "\n");
}

Result<std::set<Bytes>> GitExporter::changed_paths(const Tree& before, const Tree& after) const {
  std::set<Bytes> paths;
  auto ok = diff_paths(before, after, [&](BytesView path, const auto&, const auto&) {
    // What belongs to a position counts as the position, and what stands above may show or hide.
    size_t reserved = path.starts_with('\0') ? 0 : path.find(BytesView("/\0", 2));
    path = path.substr(0, reserved);
    paths.emplace(path);
    for (size_t slash = path.rfind('/'); slash != BytesView::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
      if (!paths.emplace(path.substr(0, slash)).second) break;
    }
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  return paths;
}

Result<std::vector<GitExporter::FileChange>> GitExporter::changes(const State& before,
                                                                  const State& after,
                                                                  const Hash& commit) {
  auto paths = changed_paths(before.tree(), after.tree());
  if (!paths) return pass_on(paths);
  std::vector<FileChange> changes;
  for (const Bytes& path : *paths) {
    auto was = shown_at(before, path), is = shown_at(after, path);
    if (!was) return pass_on(was);
    if (!is) return pass_on(is);
    auto value = after.value(path);
    if (!value) return pass_on(value);
    if (*value && (*value)->is_conflict()) {
      ++report_.conflict_count;
      if (report_.conflicts.size() < 1000) report_.conflicts.push_back({commit, path});
    }
    if (*was == *is) continue;
    changes.push_back({path, std::move(*is)});
  }
  return changes;
}

Result<void> GitExporter::write_contents(std::vector<FileChange>& changes) {
  for (FileChange& change : changes) {
    if (!change.after || change.after->kind == Kind::gitlink) continue;
    auto mark = write_blob(*change.after);
    if (!mark) return pass_on(mark);
    change.mark = *mark;
  }
  return {};
}

Result<uint64_t> GitExporter::write_blob(const Shown& shown) {
  bool named = shown.stored && shown.stored->form != PayloadForm::inlined;
  Bytes key = named          ? Bytes(shown.stored->object.hash.view())
              : shown.stored ? "=" + shown.stored->inlined
                             : Bytes(hash_object(ObjectKind::blob, shown.text).view());
  auto [known, is_new] = blob_marks_.try_emplace(std::move(key), 0);
  if (!is_new) return known->second;
  known->second = ++marks_;
  uint64_t mark = known->second;
  ++report_.contents;
  auto ok = put("blob\nmark :" + std::to_string(mark) + "\ndata " + std::to_string(size_of(shown)) +
                "\n");
  if (!ok) return pass_on(ok);
  class Out final : public ByteSink {
   public:
    explicit Out(GitExporter& exporter) : exporter_(exporter) {}
    Result<void> write(BytesView bytes) override { return exporter_.put(bytes); }

   private:
    GitExporter& exporter_;
  } out(*this);
  if (auto wrote = write_content(store_.objects(), shown, out); !wrote) return pass_on(wrote);
  if (auto end = put("\n"); !end) return pass_on(end);
  return mark;
}

Result<void> GitExporter::write_refs(const std::vector<Ref>& refs) {
  for (const Ref& ref : refs) {
    auto target = peeled(ref.head);
    if (!target) return pass_on(target);
    if (ref.head.kind == ObjectKind::commit) {
      auto ok = put("reset " + full_ref(ref) +
                    "\nfrom :" + std::to_string(commit_marks_.at(target->ref.hash)) + "\n\n");
      if (!ok) return ok;
    } else if (auto ok = write_tag(ref.name, ref.head.ref); !ok) {
      return ok;
    }
  }
  return {};
}

Result<void> GitExporter::write_tag(const Bytes& name, const ObjectRef& ref) {
  auto tag = store_.tag(ref);
  if (!tag) return pass_on(tag);
  if (tag->target_kind == ObjectKind::tag && !tag_marks_.contains(tag->target.hash)) {
    return fail(Error::Kind::unsupported,
                "tag " + printable(name) + " is on a tag that is not exported before it");
  }
  uint64_t mark = tag_marks_[ref.hash] = ++marks_;
  uint64_t target = tag->target_kind == ObjectKind::tag ? tag_marks_.at(tag->target.hash)
                                                        : commit_marks_.at(tag->target.hash);
  Bytes text = "tag " + name + "\nmark :" + std::to_string(mark) +
               "\nfrom :" + std::to_string(target) + "\n";
  if (tag->tagger) {
    text +=
        "tagger " + write_ident(*tag->tagger, header_value(tag->headers, kTaggerDateHeader)) + "\n";
  }
  if (auto ok = put(text); !ok) return ok;
  return put_data(tag->message);
}

Result<void> GitExporter::put_data(BytesView data) {
  if (auto ok = put("data " + std::to_string(data.size()) + "\n"); !ok) return ok;
  if (auto ok = put(data); !ok) return ok;
  return put("\n");
}

Result<void> GitExporter::put(BytesView text) {
  constexpr size_t kBufferBytes = 256 * 1024;
  buffer_ += text;
  bytes_ += text.size();
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> GitExporter::flush() {
  auto ok = sink_.write(buffer_);
  buffer_.clear();
  return ok;
}

Bytes quoted_path(BytesView path) {
  bool plain = !path.starts_with('"') && path.find('\n') == BytesView::npos;
  if (plain) return Bytes(path);
  Bytes quoted = "\"";
  for (char byte : path) {
    if (byte == '"' || byte == '\\') {
      quoted += {'\\', byte};
    } else if (byte == '\n') {
      quoted += "\\n";
    } else {
      quoted.push_back(byte);
    }
  }
  return quoted + "\"";
}

bool is_git_ref(BytesView name) {
  if (name.find("..") != BytesView::npos || name.find("@{") != BytesView::npos ||
      name.ends_with('.') || name.ends_with('/') || name.find("//") != BytesView::npos) {
    return false;
  }
  for (BytesView step : split_path(name)) {
    if (step.empty() || step.starts_with('.') || step.ends_with(".lock")) return false;
  }
  return std::ranges::none_of(name, [](char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f ||
           BytesView(" ~^:?*[\\").find(byte) != BytesView::npos;
  });
}

}  // namespace ukstore
