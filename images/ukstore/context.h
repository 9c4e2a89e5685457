#pragma once
// What a command works with: the store that was asked for, where to read and what to write to.

#include <ukstore/images/ukstore/arguments.h>
#include <ukstore/images/ukstore/output.h>
#include <ukstore/images/ukstore/process.h>
#include <ukstore/merge/repo.h>
#include <ukstore/store/lmdb_backend.h>

namespace ukstore::cli {

enum class Access { read, write };

class Context {
 public:
  // All three outlive it.
  Context(const Process& process, const Arguments& arguments, Output& out)
      : process_(process), arguments_(arguments), out_(out) {}

  Output& out() { return out_; }
  const Process& process() const { return process_; }
  // A global option's value.
  std::optional<std::string> option(std::string_view name) const { return arguments_.option(name); }
  std::optional<uint64_t> number(std::string_view name) const { return arguments_.number(name); }
  std::optional<std::string> variable(const std::string& name) const;

  // ---- The store.
  // A path of the user's, from the folder that -C names.
  std::filesystem::path place(const std::string& path) const;
  // Where the store is or is to be: --store, UKSTORE_STORE, else the nearest .ukstore upwards.
  // Failure no_store if there is none of the last kind.
  std::filesystem::path store_folder() const;
  // Opens it, once.  Reading needs no right to write.
  Repo& repo(Access access);
  // A new store in a folder, which is made.  Failure if there is one already.
  Repo& create(const std::filesystem::path& folder);
  // The backend alone, for checks of what may be damaged.
  std::unique_ptr<Backend> backend(Access access);
  // Flushes and closes what was opened.
  void close();

  // ---- What the global options say.
  Bytes branch_name() const;
  // The branch, to write to.  Failure if --at or --at-journal speaks of the past.
  Branch branch_to_write();
  // What is read: --at, else the branch, now or as --at-journal says.  An absent branch is empty if
  // it is the default one, else a Failure.
  State state();
  // The entry of the journal that --at-journal names.
  std::optional<uint64_t> journal_position();
  // The commit of that state; nullopt if it is an absent branch's.
  std::optional<ObjectRef> commit();

  // Message, author, date and journal entry of what is written; -m wins over `message`.
  CommitInfo commit_info(const std::string& message) const;
  // The command line, for the journal.
  Bytes command_line() const;
  int64_t now_ms() const;
  // All of standard input.
  Bytes read_input() const;

 private:
  void open(const std::filesystem::path& folder, Access access, LmdbOptions::Create create);

  const Process& process_;
  const Arguments& arguments_;
  Output& out_;
  std::unique_ptr<Repo> repo_;
  Access access_ = Access::read;
};

// The identity of a store file on this machine: replica ids are kept for as long as it is the same
// (merge/replica.h).
Bytes incarnation_of(const std::filesystem::path& folder);

}  // namespace ukstore::cli
