#pragma once
// Serving a store: to whoever dials, or to this very process for a store that is named by its path.

#include <ukstore/images/ukstore/destination.h>
#include <ukstore/sync/connection.h>
#include <ukstore/sync/identity.h>

namespace ukstore::cli {

// A store by the folder of its files, beside the one that the command is about.
Result<std::unique_ptr<Repo>> open_store(const std::filesystem::path& folder, Access access,
                                         LmdbOptions::Create create = LmdbOptions::Create::no);

// The key of a store.  If it is made now, the store's file is closed to other users first, as it
// lies there.
Identity own_identity(Store& store, const std::filesystem::path& folder);

// Others hold the branch from now on: undo and reset go forward.  Nothing if there is none.
void share(Repo& repo, const Bytes& branch);

// A store at a path, served through a pipe: the same conversation as over a network.
class LocalPeer final : private kj::TaskSet::ErrorHandler {
 public:
  // Opens it, for writing if that is allowed.
  LocalPeer(Context& context, const Destination& destination);
  LocalPeer(const LocalPeer&) = delete;

  const Bytes& fingerprint() const { return identity_->fingerprint(); }
  // A stream to it, for the store that has this fingerprint.
  kj::Own<kj::AsyncIoStream> connect(const Bytes& dialler);

 private:
  void taskFailed(kj::Exception&&) override {}  // the other end of the pipe has it
  void open(const Destination& destination);
  Right right(const Bytes& branch);

  Access access_ = Access::write;
  std::unique_ptr<Repo> repo_;
  std::optional<Identity> identity_;
  std::optional<Host> host_;
  kj::TaskSet serving_{*this};
};

}  // namespace ukstore::cli
