#include <ukstore/sync/served.h>

namespace ukstore {
namespace {

Error no_branch(BytesView branch) {
  return {Error::Kind::not_found, "there is no branch " + printable(branch) + " for you"};
}

}  // namespace

Served::Served(Host& host, std::shared_ptr<std::vector<Served*>> all, Peer peer,
               ConnectionHooks hooks)
    : host_(host), all_(std::move(all)), peer_(std::move(peer)), hooks_(kj::mv(hooks)) {
  all_->push_back(this);
}
// The host may be gone by now.
Served::~Served() noexcept(false) { std::erase(*all_, this); }

void Served::require(BytesView branch, Right least) const {
  if (host_.options().right(peer_, branch) >= least) return;
  kj::throwFatalException(to_exception(no_branch(branch)));
}

kj::Promise<void> Served::while_allowed(Bytes branch, Right least, kj::Promise<void> work) {
  require(branch, least);
  auto& running = running_.emplace_back();
  running.branch = std::move(branch);
  running.least = least;
  auto at = std::prev(running_.end());
  return running.canceler.wrap(kj::mv(work))
      .attach(kj::defer([self = kj::addRef(*this), at]() mutable { self->running_.erase(at); }));
}

void Served::look_at_rights() {
  for (Running& running : running_) {
    if (host_.options().right(peer_, running.branch) >= running.least) continue;
    running.canceler.cancel(to_exception(no_branch(running.branch)));
  }
}

std::shared_ptr<PeerHas> Served::has_of(const Bytes& branch) {
  auto& has = has_[branch];
  if (!has) has = std::make_shared<PeerHas>();
  return has;
}

Bytes Served::tracking(const Bytes& branch) const {
  return peer_.name.empty() ? Bytes() : tracking_branch(peer_.name, branch);
}

Scope Served::scope(const Bytes& branch) {
  const auto told = has_of(branch)->told();
  return {{branch, tracking(branch)}, {told.begin(), told.end()}};
}

void fill_head(Store& store, BytesView branch, protocol::Head::Builder to) {
  to.setBranch(to_data(branch));
  auto head = get_or_throw(store.head(RefKind::branch, branch));
  if (!head) return;
  to.setCommit(to_data(head->ref.hash.view()));
  to.setGeneration(get_or_throw(store.commit(head->ref)).commit.generation);
}

}  // namespace ukstore
