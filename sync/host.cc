#include <ukstore/sync/host.h>

#include <ukstore/sync/served.h>

#include <kj/debug.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr uint16_t kVersion = 1, kOldest = 1;
constexpr uint8_t kSha256 = 1;
constexpr size_t kHeadsMax = 1000;

class SessionServer final : public protocol::Session::Server {
 public:
  explicit SessionServer(kj::Own<Served> served) : served_(kj::mv(served)) {}

 protected:
  kj::Promise<void> heads(HeadsContext context) override {
    return served_->turn().then([this, context]() mutable { list_heads(context); });
  }
  kj::Promise<void> reader(ReaderContext context) override {
    Bytes branch = asked_for(context, Right::read);
    context.getResults().setReader(serve_reader(kj::addRef(*served_), std::move(branch)));
    return kj::READY_NOW;
  }
  kj::Promise<void> merger(MergerContext context) override {
    Bytes branch = asked_for(context, Right::merge);
    context.getResults().setMerger(serve_merger(kj::addRef(*served_), std::move(branch)));
    return kj::READY_NOW;
  }
  kj::Promise<void> writer(WriterContext context) override {
    Bytes branch = asked_for(context, Right::write);
    context.getResults().setWriter(serve_writer(kj::addRef(*served_), std::move(branch)));
    return kj::READY_NOW;
  }
  kj::Promise<void> admin(AdminContext context) override {
    Bytes branch = asked_for(context, Right::admin);
    context.getResults().setAdmin(serve_admin(kj::addRef(*served_), std::move(branch)));
    return kj::READY_NOW;
  }

 private:
  void list_heads(HeadsContext& context) {
    auto refs = get_or_throw(served_->store().refs(RefKind::branch));
    std::erase_if(refs, [&](const auto& ref) {
      return served_->host().options().right(served_->peer(), ref.first) < Right::read;
    });
    if (refs.size() > kHeadsMax) refs.resize(kHeadsMax);
    auto heads = context.getResults().initHeads(static_cast<uint32_t>(refs.size()));
    for (uint32_t i = 0; i < refs.size(); ++i) {
      fill_head(served_->store(), refs[i].first, heads[i]);
    }
  }

  template <class Context>
  Bytes asked_for(Context& context, Right least) {
    Bytes branch(to_bytes(context.getParams().getBranch()));
    served_->require(branch, least);
    return branch;
  }

  kj::Own<Served> served_;
};

class DoorServer final : public protocol::Door::Server {
 public:
  explicit DoorServer(kj::Own<Served> served) : served_(kj::mv(served)) {}

 protected:
  kj::Promise<void> login(LoginContext context) override {
    auto theirs = context.getParams().getHello();
    auto results = context.getResults();
    auto ours = results.initHello();
    ours.setVersion(kVersion);
    ours.setOldest(kOldest);
    ours.setHash(kSha256);
    ours.setStore(to_data(served_->host().options().store_id));
    using Reason = protocol::Refusal::Reason;
    auto refuse = [&](Reason reason, kj::StringPtr text) {
      auto refusal = results.initRefusal();
      refusal.setReason(reason);
      refusal.setText(text);
      return kj::READY_NOW;
    };
    if (theirs.getVersion() < kOldest || theirs.getOldest() > kVersion) {
      return refuse(Reason::VERSION, kj::str("this end speaks versions ", kOldest, " to ", kVersion,
                                             " of the protocol, and yours ", theirs.getOldest(),
                                             " to ", theirs.getVersion()));
    }
    if (theirs.getHash() != kSha256)
      return refuse(Reason::HASH, "this end names objects by SHA-256");
    if (to_bytes(theirs.getStore()) == BytesView(served_->host().options().store_id)) {
      return refuse(Reason::ITSELF, "this is your own store");
    }
    if (!served_->host().options().welcome(served_->peer())) {
      return refuse(Reason::UNKNOWN, "your key is not known here");
    }
    served_->logged_in();
    results.setSession(kj::heap<SessionServer>(kj::addRef(*served_)));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Served> served_;
};

}  // namespace

Host::Host(Repo& repo, HostOptions options)
    : repo_(repo),
      options_(std::move(options)),
      signal_(repo.store()),
      served_(std::make_shared<std::vector<Served*>>()) {
  if (options_.timer && options_.others_every > 0 * kj::NANOSECONDS) {
    looking_ = look_at_others().eagerlyEvaluate(nullptr);
  }
}

protocol::Door::Client Host::door(Peer peer, ConnectionHooks hooks) {
  if (watching_ == nullptr) watching_ = kj::Promise<void>(watch()).eagerlyEvaluate(nullptr);
  return kj::heap<DoorServer>(
      kj::refcounted<Served>(*this, served_, std::move(peer), kj::mv(hooks)));
}

kj::Maybe<kj::Own<TokenBucket>> Host::bucket_of(const Peer& peer) {
  if (!options_.timer) return nullptr;
  const GateLimits& limits = options_.limits;
  auto made = [&] {
    return kj::refcounted<TokenBucket>(*options_.timer, limits.calls_per_second,
                                       limits.calls_burst);
  };
  if (peer.fingerprint.empty()) return made();
  // Those that only this map holds have no connection any more.
  constexpr size_t kBucketsMax = 1024;
  if (buckets_.size() >= kBucketsMax) {
    std::erase_if(buckets_, [](auto& each) { return !each.second->isShared(); });
  }
  auto& bucket = buckets_[peer.fingerprint];
  if (!bucket.get()) bucket = made();
  return kj::addRef(*bucket);
}

void Host::rights_changed() {
  for (Served* served : *served_) served->look_at_rights();
}

// Rights are looked at whenever a head moves, as they may be kept in a branch.
Task<void> Host::watch() {
  for (;;) {
    co_await signal_.next();
    rights_changed();
  }
}

// Never resolves: what others wrote fires the signal.
kj::Promise<void> Host::look_at_others() {
  return options_.timer->afterDelay(options_.others_every).then([this] {
    signal_.look();
    return look_at_others();
  });
}

HostOptions guarded_by(const Rights& rights, HostOptions options) {
  options.right = [&rights](const Peer& peer, BytesView branch) {
    auto right = rights.of(peer.fingerprint, branch);
    return right ? *right : Right::none;
  };
  options.welcome = [&rights](const Peer& peer) {
    auto known = rights.knows(peer.fingerprint);
    return known && *known;
  };
  return options;
}

}  // namespace ukstore
