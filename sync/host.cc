#include <ukstore/sync/host.h>

#include <ukstore/sync/errors.h>
#include <ukstore/sync/places.h>

#include <kj/debug.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr uint16_t kVersion = 1, kOldest = 1;
constexpr uint8_t kSha256 = 1;
constexpr size_t kHavesMax = 64, kFindMax = 32, kHeadsMax = 1000, kPlaceMax = 4096;
constexpr size_t kAnswerBytesMax = 256 * 1024;

std::optional<Hash> head_hash(Store& store, BytesView branch) {
  auto head = get_or_throw(store.head(RefKind::branch, branch));
  return head ? std::optional(head->ref.hash) : std::nullopt;
}

void fill(Store& store, BytesView branch, protocol::Head::Builder to) {
  to.setBranch(to_data(branch));
  auto head = get_or_throw(store.head(RefKind::branch, branch));
  if (!head) return;
  to.setCommit(to_data(head->ref.hash.view()));
  to.setGeneration(get_or_throw(store.commit(head->ref)).commit.generation);
}

template <class Context>
void answer_find(Store& store, const Scope& scope, Context& context) {
  auto asked = to_hashes(context.getParams().getCommits(), kFindMax);
  auto known = get_or_throw(in_scope(store, scope, asked));
  auto results = context.getResults().initKnown(asked.size());
  for (size_t i = 0; i < asked.size(); ++i) results.set(i, std::ranges::count(known, asked[i]) > 0);
}

template <class Context>
void answer_get(Store& store, const Scope& scope, Context& context) {
  auto asked = context.getParams().getPlace();
  if (asked.getPath().size() > kPlaceMax || asked.getLinks().size() > kPlaceMax) {
    kj::throwFatalException(to_exception({Error::Kind::limit, "a place too far down"}));
  }
  ObjectPlace place{.commit = to_hash(asked.getCommit())};
  for (auto key : asked.getPath()) place.path.emplace_back(to_bytes(key));
  for (uint32_t link : asked.getLinks()) place.links.push_back(link);
  std::vector<uint32_t> wanted;
  for (uint32_t number : context.getParams().getWanted()) wanted.push_back(number);
  auto objects = get_or_throw(objects_at(store, scope, place, wanted, kAnswerBytesMax));
  auto results = context.getResults().initObjects(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) results.set(i, to_data(objects[i]));
}

class ObjectsServer final : public protocol::Objects::Server {
 public:
  ObjectsServer(Store& store, Bytes branch, std::shared_ptr<const PeerHas> peer)
      : store_(store), branch_(std::move(branch)), peer_(std::move(peer)) {}

 protected:
  kj::Promise<void> get(GetContext context) override {
    answer_get(store_, Scope{{branch_}, {peer_->told().begin(), peer_->told().end()}}, context);
    return kj::READY_NOW;
  }

 private:
  Store& store_;
  const Bytes branch_;
  const std::shared_ptr<const PeerHas> peer_;
};

// What the objects of one connection share.
struct Shared : kj::Refcounted {
  Shared(Host& host, Peer peer, kj::Function<void(const Error&)> cut)
      : host(host), peer(std::move(peer)), cut(kj::mv(cut)) {}
  Store& store() { return host.repo().store(); }
  void require(BytesView branch, Right least) {
    if (host.options().right(peer, branch) < least) {
      kj::throwFatalException(to_exception(
          {Error::Kind::not_found, "there is no branch " + printable(branch) + " for you"}));
    }
  }

  Host& host;
  const Peer peer;
  kj::Function<void(const Error&)> cut;
  std::shared_ptr<PeerHas> has_of(const Bytes& branch) {
    auto& has = has_[branch];
    if (!has) has = std::make_shared<PeerHas>();
    return has;
  }
  Bytes tracking(const Bytes& branch) const {
    return peer.name.empty() ? Bytes() : tracking_branch(peer.name, branch);
  }
  Scope scope(const Bytes& branch) {
    const auto told = has_of(branch)->told();
    return {{branch, tracking(branch)}, {told.begin(), told.end()}};
  }

 private:
  std::map<Bytes, std::shared_ptr<PeerHas>> has_;  // by branch
};

class ReaderServer final : public protocol::Reader::Server {
 public:
  ReaderServer(kj::Own<Shared> shared, Bytes branch)
      : shared_(kj::mv(shared)), branch_(std::move(branch)) {}

 protected:
  kj::Promise<void> head(HeadContext context) override {
    shared_->require(branch_, Right::read);
    fill(shared_->store(), branch_, context.getResults().initHead());
    return kj::READY_NOW;
  }
  kj::Promise<void> find(FindContext context) override {
    shared_->require(branch_, Right::read);
    answer_find(shared_->store(), shared_->scope(branch_), context);
    return kj::READY_NOW;
  }
  kj::Promise<void> get(GetContext context) override {
    shared_->require(branch_, Right::read);
    answer_get(shared_->store(), shared_->scope(branch_), context);
    return kj::READY_NOW;
  }
  kj::Promise<void> pull(PullContext context) override {
    context.allowCancellation();
    return run(context);
  }

 private:
  Task<void> run(PullContext context) {
    auto params = context.getParams();
    shared_->require(branch_, Right::read);
    auto haves = to_hashes(params.getHaves(), kHavesMax);
    auto known = get_or_throw(in_scope(shared_->store(), shared_->scope(branch_), haves));
    auto sink = params.getSink();
    const bool follow = params.getFollow();
    auto results = context.getResults();
    fill(shared_->store(), branch_, results.initHead());
    auto at = head_hash(shared_->store(), branch_);
    if (!at && !follow) {
      results.setOutcome(protocol::Reader::Outcome::ABSENT);
      co_return;
    }
    if (at && !haves.empty() && known.empty()) {
      results.setOutcome(protocol::Reader::Outcome::UNKNOWN);
      co_return;
    }
    const auto has = shared_->has_of(branch_);
    for (const Hash& have : known) has->add(have);
    if (at && std::ranges::count(known, *at) > 0 && !follow) {
      results.setOutcome(protocol::Reader::Outcome::CURRENT);
      co_return;
    }
    if (known.size() != haves.size()) co_await tell_known(sink, haves, known);
    Outflow out(shared_->store(), known);
    for (;;) {
      auto moved = shared_->host.signal().next();
      at = head_hash(shared_->store(), branch_);
      if (at && !(follow && has->contains(*at))) {
        get_or_throw(out.plan({*at, {}}, follow ? has->heads() : std::span<const Hash>()));
        has->tell(*at);
        co_await send_planned(out, sink);
        has->add(*at);
        if (follow) continue;
      }
      if (!follow) break;
      co_await kj::mv(moved);
      shared_->require(branch_, Right::read);
    }
    results.setOutcome(protocol::Reader::Outcome::SENT);
  }

  static Task<void> tell_known(protocol::Sink::Client sink, std::vector<Hash> haves,
                               std::vector<Hash> known) {
    auto request = sink.knownRequest();
    auto places = request.initHaves(known.size());
    uint32_t next = 0;
    for (uint8_t i = 0; i < haves.size() && next < known.size(); ++i) {
      if (haves[i] == known[next]) places.set(next++, i);
    }
    co_await request.send();
  }

  kj::Own<Shared> shared_;
  const Bytes branch_;
};

class MergerServer final : public protocol::Merger::Server {
 public:
  MergerServer(kj::Own<Shared> shared, Bytes branch)
      : shared_(kj::mv(shared)), branch_(std::move(branch)) {}

 protected:
  kj::Promise<void> head(HeadContext context) override {
    shared_->require(branch_, Right::merge);
    fill(shared_->store(), branch_, context.getResults().initHead());
    return kj::READY_NOW;
  }
  kj::Promise<void> find(FindContext context) override {
    shared_->require(branch_, Right::merge);
    answer_find(shared_->store(), shared_->scope(branch_), context);
    return kj::READY_NOW;
  }
  kj::Promise<void> push(PushContext context) override {
    shared_->require(branch_, Right::merge);
    auto params = context.getParams();
    auto haves = to_hashes(params.getHaves(), kHavesMax);
    auto known = get_or_throw(in_scope(shared_->store(), shared_->scope(branch_), haves));
    if (known.size() != haves.size()) {
      kj::throwFatalException(
          to_exception({Error::Kind::moved, "the branch does not know these commits"}));
    }
    const auto has = shared_->has_of(branch_);
    for (const Hash& have : known) has->add(have);
    const Peer& peer = shared_->peer;
    SinkPlan plan{
        .landing = {.tracking = shared_->tracking(branch_),
                    .merge_into = branch_,
                    .note = "push from " + (peer.name.empty() ? Bytes("a peer") : peer.name),
                    .when_ms = shared_->host.options().now_ms()},
        .haves = std::move(known),
        .peer = has,
        .objects = params.getObjects(),
        .landed = [has](const Landed& landed) { has->add(landed.head.hash); },
        .broken =
            [this, self = thisCap()](const Error& error) {
              bool hostile = error.kind == Error::Kind::corrupt || error.kind == Error::Kind::limit;
              if (hostile) shared_->cut(error);
            },
        .intake = shared_->host.options().intake};
    auto sink = make_sink(shared_->store(), shared_->host.repo().types(), kj::mv(plan));
    context.getResults().setSink(kj::mv(sink));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Shared> shared_;
  const Bytes branch_;
};

class SessionServer final : public protocol::Session::Server {
 public:
  explicit SessionServer(kj::Own<Shared> shared) : shared_(kj::mv(shared)) {}

 protected:
  kj::Promise<void> heads(HeadsContext context) override {
    auto refs = get_or_throw(shared_->store().refs(RefKind::branch));
    std::erase_if(refs, [&](const auto& ref) {
      return shared_->host.options().right(shared_->peer, ref.first) < Right::read;
    });
    if (refs.size() > kHeadsMax) refs.resize(kHeadsMax);
    auto heads = context.getResults().initHeads(refs.size());
    for (size_t i = 0; i < refs.size(); ++i) fill(shared_->store(), refs[i].first, heads[i]);
    return kj::READY_NOW;
  }
  kj::Promise<void> reader(ReaderContext context) override {
    Bytes branch(to_bytes(context.getParams().getBranch()));
    shared_->require(branch, Right::read);
    context.getResults().setReader(kj::heap<ReaderServer>(kj::addRef(*shared_), std::move(branch)));
    return kj::READY_NOW;
  }
  kj::Promise<void> merger(MergerContext context) override {
    Bytes branch(to_bytes(context.getParams().getBranch()));
    shared_->require(branch, Right::merge);
    context.getResults().setMerger(kj::heap<MergerServer>(kj::addRef(*shared_), std::move(branch)));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Shared> shared_;
};

class DoorServer final : public protocol::Door::Server {
 public:
  explicit DoorServer(kj::Own<Shared> shared) : shared_(kj::mv(shared)) {}

 protected:
  kj::Promise<void> login(LoginContext context) override {
    auto theirs = context.getParams().getHello();
    auto results = context.getResults();
    auto ours = results.initHello();
    ours.setVersion(kVersion);
    ours.setOldest(kOldest);
    ours.setHash(kSha256);
    ours.setStore(to_data(shared_->host.options().store_id));
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
    if (to_bytes(theirs.getStore()) == BytesView(shared_->host.options().store_id)) {
      return refuse(Reason::ITSELF, "this is your own store");
    }
    if (!shared_->host.options().welcome(shared_->peer)) {
      return refuse(Reason::UNKNOWN, "your key is not known here");
    }
    results.setSession(kj::heap<SessionServer>(kj::addRef(*shared_)));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Shared> shared_;
};

}  // namespace

Host::Host(Repo& repo, HostOptions options)
    : repo_(repo), options_(std::move(options)), signal_(repo.store()) {}

protocol::Door::Client Host::door(Peer peer, kj::Function<void(const Error&)> cut) {
  return kj::heap<DoorServer>(kj::refcounted<Shared>(*this, std::move(peer), kj::mv(cut)));
}

kj::Own<protocol::Objects::Server> serve_objects(Store& store, Bytes branch,
                                                 std::shared_ptr<const PeerHas> peer) {
  return kj::heap<ObjectsServer>(store, std::move(branch), std::move(peer));
}

}  // namespace ukstore
