#include <ukstore/images/ukstore/hosting.h>

namespace ukstore::cli {
namespace fs = std::filesystem;

Result<std::unique_ptr<Repo>> open_store(const fs::path& folder, Access access,
                                         LmdbOptions::Create create) {
  auto backend = open_lmdb_backend({.path = folder,
                                    .mode = access == Access::read ? LmdbOptions::Mode::read_only
                                                                   : LmdbOptions::Mode::read_write,
                                    .create = create});
  if (!backend) return pass_on(backend);
  RepoOptions options;
  if (access == Access::write) options.incarnation = incarnation_of(folder);
  return Repo::open(std::move(*backend), std::move(options));
}

Identity own_identity(Store& store, const fs::path& folder) {
  std::error_code error;
  const fs::path data = folder / "data.mdb";
  const auto open_to_others = fs::perms::group_all | fs::perms::others_all;
  if ((fs::status(data, error).permissions() & open_to_others) != fs::perms::none) {
    fs::permissions(data, open_to_others, fs::perm_options::remove, error);
  }
  return must(identity_of(store), "cannot make the key of this store");
}

void share(Repo& repo, const Bytes& branch) {
  Branch shared = repo.branch(branch);
  const std::string doing = "cannot mark branch " + in_quotes(branch) + " as shared";
  if (must(shared.head(), doing) && !must(shared.is_shared(), doing)) {
    must(shared.mark_shared(), doing);
  }
}

void LocalPeer::open(const Destination& destination) {
  auto repo = open_store(destination.store, Access::write);
  if (!repo && repo.error().kind == Error::Kind::io) {
    access_ = Access::read;
    repo = open_store(destination.store, Access::read);
  }
  repo_ = must(std::move(repo), "cannot open the store at " + in_quotes(destination.given));
}

Right LocalPeer::right(const Bytes& branch) {
  if (is_tracking(branch)) return Right::none;
  if (access_ == Access::write) share(*repo_, branch);
  return Right::merge;
}

LocalPeer::LocalPeer(Context& context, const Destination& destination) {
  open(destination);
  identity_ = own_identity(repo_->store(), destination.store);
  host_.emplace(
      *repo_,
      HostOptions{.store_id = identity_->store_id(),
                  .right = [this](const Peer&, BytesView branch) { return right(Bytes(branch)); },
                  .now_ms = [now = context.now_ms()] { return now; }});
}

kj::Own<kj::AsyncIoStream> LocalPeer::connect(const Bytes& dialler) {
  auto pipe = kj::newTwoWayPipe();
  Peer peer{dialler, peers_of(repo_->store()).name_of(dialler)};
  serving_.add(serve(*host_, kj::mv(pipe.ends[1]), std::move(peer)));
  return kj::mv(pipe.ends[0]);
}

}  // namespace ukstore::cli
