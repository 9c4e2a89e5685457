#pragma once
// The export at work: commits in an order in which parents come first, each as what differs from
// its first parent.

#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/value_view.h>
#include <ukstore/store/history.h>

#include <set>
#include <unordered_map>

namespace ukstore {

class GitExporter {
 public:
  // All are borrowed.
  GitExporter(Store& store, ByteSink& sink, const GitExportOptions& options)
      : store_(store), sink_(sink), options_(options) {}
  Result<GitExportReport> run();

 private:
  struct FileChange {
    Bytes path;
    std::optional<Shown> after;  // nullopt: it goes
    uint64_t mark = 0;
  };

  Result<void> write_commit(const ObjectRef& ref);
  Result<std::vector<FileChange>> changes(const State& before, const State& after,
                                          const Hash& commit);
  Result<std::set<Bytes>> changed_paths(const Tree& before, const Tree& after) const;
  Result<void> write_contents(std::vector<FileChange>& changes);
  Result<uint64_t> write_blob(const Shown& shown);
  Result<void> write_tag(const Bytes& name, const ObjectRef& ref);
  Result<void> write_refs(const std::vector<Ref>& refs);
  Result<std::vector<ObjectRef>> commits_of(const std::vector<Ref>& refs);
  Result<Head> peeled(Head head) const;
  Result<void> put(BytesView text);
  Result<void> put_data(BytesView data);
  Result<void> flush();

  Store& store_;
  ByteSink& sink_;
  const GitExportOptions& options_;
  Bytes buffer_;
  Bytes line_ref_;  // the ref that commits are made on
  uint64_t bytes_ = 0;
  uint64_t marks_ = 0;
  std::unordered_map<Hash, uint64_t> commit_marks_;
  std::unordered_map<Hash, uint64_t> tag_marks_;
  std::unordered_map<Bytes, uint64_t> blob_marks_;
  GitExportReport report_;
};

// A path as fast-import reads it: quoted if it must be.
Bytes quoted_path(BytesView path);
// Whether git takes a name as that of a ref (git-check-ref-format(1)).
bool is_git_ref(BytesView name);

}  // namespace ukstore
