#pragma once
// The import at work: the commands of a stream become staged objects, which are written early,
// batch by batch, and become true when the refs move at the end.

#include <ukstore/merge/exchange/fast_import_stream.h>
#include <ukstore/merge/exchange/git_edits.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/merge/exchange/git_listing.h>
#include <ukstore/merge/exchange/git_marks.h>

#include <map>
#include <memory_resource>

namespace ukstore {

class GitImporter {
 public:
  // All are borrowed.
  GitImporter(Store& store, ByteSource& source, const GitImportOptions& options)
      : store_(store), options_(options), stream_(source) {}
  Result<GitImportReport> run();

 private:
  using Reference = fast_import::Reference;
  struct StagedTag {
    ObjectRef ref;
    Bytes name;
  };
  // A commit of which changes are still coming.
  struct Open {
    fast_import::Commit said;
    std::vector<uint32_t> parents;  // in git's order
    GitTree before;                 // of the first parent; the empty tree if there is none
    GitTree tree;                   // what the changes apply to
    bool is_listing = false;        // everything comes anew, but not as `listing_` takes it
    std::vector<GitChange> changes{};
  };

  Result<void> take(fast_import::Command command);
  Result<void> take_blob(const fast_import::Blob& blob);
  Result<void> take_modify(const fast_import::Modify& change);
  Result<GitFile> file_of(const fast_import::Modify& change);
  Result<void> take_move(const fast_import::Move& move);
  Result<void> take_tag(const fast_import::Tag& tag);
  Result<void> take_reset(const fast_import::Reset& reset);
  Result<void> open_commit(fast_import::Commit commit);
  Result<void> close_commit();
  Result<Tree> state_of(const Open& open, const GitTree& tree, DotMint mint);
  Result<Commit> stored_form(const Open& open);
  Result<void> compare(const Open& open, const GitId& id);

  Result<uint32_t> read_content();
  Result<Payload> read_long_payload(uint64_t size, Bytes start);
  Result<uint32_t> commit_of(const Reference& reference) const;
  Result<uint32_t> marked(uint64_t mark, GitMarks::Of of) const;
  void set_mark(uint64_t mark, GitMarks::Of of, uint32_t number);
  Result<void> flush_changes();
  Result<void> skip_expected();
  Result<void> leave_listing();
  std::string_view keep_path(BytesView path);

  Result<void> relieve();
  Result<void> spill();
  Result<void> report_progress();
  Result<void> move_refs();

  Store& store_;
  const GitImportOptions& options_;
  fast_import::Stream stream_;
  GitHasher hasher_;
  GitContents contents_;
  NamePool names_;
  GitHistory history_{store_.objects(), contents_, names_, options_.tree_bytes_max};
  std::shared_ptr<Arena> arena_ = store_.new_spilling_arena();
  const GitTree empty_ = std::make_shared<const GitDirectory>(std::vector<GitEntry>());

  GitMarks marks_;
  std::map<Bytes, std::optional<uint32_t>> branches_;  // by full ref; nullopt: begins anew
  std::map<Bytes, Head> tags_;                         // annotated, by name
  std::vector<Head> staged_tags_;
  std::optional<Open> open_;
  GitListing listing_;
  std::pmr::monotonic_buffer_resource paths_{1 << 20};
  std::map<GitId, GitId> original_ids_;  // of commits that differ: given -> said
  uint64_t commands_ = 0;
  GitImportReport report_;
};

}  // namespace ukstore
