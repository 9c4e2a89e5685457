// The readers, mergers, writers and admins of a branch.
#include <ukstore/sync/served.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr size_t kHavesMax = 64, kFindMax = 32, kPlaceMax = 4096;
constexpr size_t kAnswerBytesMax = 256 * 1024;

std::optional<Hash> head_hash(Store& store, BytesView branch) {
  auto head = get_or_throw(store.head(RefKind::branch, branch));
  return head ? std::optional(head->ref.hash) : std::nullopt;
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

class ReaderServer final : public protocol::Reader::Server {
 public:
  ReaderServer(kj::Own<Served> served, Bytes branch)
      : served_(kj::mv(served)), branch_(std::move(branch)) {}

 protected:
  kj::Promise<void> head(HeadContext context) override {
    served_->require(branch_, Right::read);
    fill_head(served_->store(), branch_, context.getResults().initHead());
    return kj::READY_NOW;
  }
  kj::Promise<void> find(FindContext context) override {
    served_->require(branch_, Right::read);
    answer_find(served_->store(), served_->scope(branch_), context);
    return kj::READY_NOW;
  }
  kj::Promise<void> get(GetContext context) override {
    return served_->turn().then([this, context]() mutable {
      served_->require(branch_, Right::read);
      answer_get(served_->store(), served_->scope(branch_), context);
    });
  }
  kj::Promise<void> pull(PullContext context) override {
    context.allowCancellation();
    return served_->while_allowed(branch_, Right::read, run(context));
  }

 private:
  Task<void> run(PullContext context) {
    auto params = context.getParams();
    served_->require(branch_, Right::read);
    auto haves = to_hashes(params.getHaves(), kHavesMax);
    auto known = get_or_throw(in_scope(served_->store(), served_->scope(branch_), haves));
    auto sink = params.getSink();
    const bool follow = params.getFollow();
    auto results = context.getResults();
    fill_head(served_->store(), branch_, results.initHead());
    auto at = head_hash(served_->store(), branch_);
    if (!at && !follow) {
      results.setOutcome(protocol::Reader::Outcome::ABSENT);
      co_return;
    }
    if (at && !haves.empty() && known.empty()) {
      results.setOutcome(protocol::Reader::Outcome::UNKNOWN);
      co_return;
    }
    const auto has = served_->has_of(branch_);
    for (const Hash& have : known) has->add(have);
    if (at && std::ranges::count(known, *at) > 0 && !follow) {
      results.setOutcome(protocol::Reader::Outcome::CURRENT);
      co_return;
    }
    if (known.size() != haves.size()) co_await tell_known(sink, haves, known);
    Outflow out(served_->store(), known);
    for (;;) {
      auto moved = served_->host().signal().next();
      at = head_hash(served_->store(), branch_);
      if (at && !(follow && has->contains(*at))) {
        get_or_throw(out.plan({*at, {}}, follow ? has->heads() : std::span<const Hash>()));
        get_or_throw(share(served_->host().repo(), branch_));
        has->tell(*at);
        co_await send_planned(out, sink, served_->host().options().timer);
        has->add(*at);
        if (follow) continue;
      }
      if (!follow) break;
      co_await kj::mv(moved);
      served_->require(branch_, Right::read);
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

  kj::Own<Served> served_;
  const Bytes branch_;
};

class MergerServer : public virtual protocol::Merger::Server {
 public:
  MergerServer(kj::Own<Served> served, Bytes branch, Right right = Right::merge)
      : served_(kj::mv(served)), branch_(std::move(branch)), right_(right) {}

 protected:
  Served& served() { return *served_; }
  const Bytes& branch() const { return branch_; }
  void require() const { served_->require(branch_, right_); }

  kj::Promise<void> head(HeadContext context) override {
    require();
    fill_head(served_->store(), branch_, context.getResults().initHead());
    return kj::READY_NOW;
  }
  kj::Promise<void> find(FindContext context) override {
    require();
    answer_find(served_->store(), served_->scope(branch_), context);
    return kj::READY_NOW;
  }
  kj::Promise<void> push(PushContext context) override {
    require();
    auto params = context.getParams();
    auto haves = to_hashes(params.getHaves(), kHavesMax);
    auto known = get_or_throw(in_scope(served_->store(), served_->scope(branch_), haves));
    if (known.size() != haves.size()) {
      kj::throwFatalException(
          to_exception({Error::Kind::moved, "the branch does not know these commits"}));
    }
    const auto has = served_->has_of(branch_);
    for (const Hash& have : known) has->add(have);
    auto sink = make_sink(served_->store(), served_->host().repo().types(),
                          plan(std::move(known), has, params.getObjects()));
    context.getResults().setSink(kj::mv(sink));
    return kj::READY_NOW;
  }

 private:
  SinkPlan plan(std::vector<Hash> known, std::shared_ptr<PeerHas> has,
                protocol::Objects::Client objects) {
    const Bytes& name = served_->peer().name;
    return {.landing = {.tracking = served_->tracking(branch_),
                        .merge_into = branch_,
                        .note = "push from " + (name.empty() ? Bytes("a peer") : name),
                        .when_ms = served_->host().options().now_ms()},
            .haves = std::move(known),
            .peer = has,
            .objects = kj::mv(objects),
            .allowed = [served = kj::addRef(*served_), branch = branch_,
                        right = right_] { served->require(branch, right); },
            .landed = [has](const Landed& landed) { has->add(landed.head.hash); },
            .broken =
                [served = kj::addRef(*served_)](const Error& error) mutable {
                  const bool hostile =
                      error.kind == Error::Kind::corrupt || error.kind == Error::Kind::limit;
                  if (hostile) served->cut(error);
                },
            .intake = served_->host().options().intake};
  }

  kj::Own<Served> served_;
  const Bytes branch_;
  const Right right_;  // that of the whole object: a writer who may only merge any more is none
};

class WriterServer : public MergerServer, public virtual protocol::Writer::Server {
 public:
  WriterServer(kj::Own<Served> served, Bytes branch, Right right = Right::write)
      : MergerServer(kj::mv(served), std::move(branch), right) {}

 protected:
  kj::Promise<void> replace(ReplaceContext context) override {
    require();
    auto head_of = [](capnp::Data::Reader data) -> std::optional<Head> {
      if (data.size() == 0) return std::nullopt;
      return Head{{to_hash(data), {}}, ObjectKind::commit};
    };
    const auto expected = head_of(context.getParams().getExpected());
    const auto next = head_of(context.getParams().getNext());
    if (next) {
      const Hash& hash = next->ref.hash;
      auto known =
          get_or_throw(in_scope(served().store(), served().scope(branch()), std::span(&hash, 1)));
      if (known.empty()) {
        kj::throwFatalException(
            to_exception({Error::Kind::not_found, "commit " + to_hex(hash) + " is not here"}));
      }
    }
    const HostOptions& options = served().host().options();
    auto body = [&](Transaction& transaction) {
      return transaction.compare_and_set(RefKind::branch, branch(), expected, next);
    };
    get_or_throw(served().store().transact(
        body, {.note = "replaced by " + served().peer().name, .when_ms = options.now_ms()}));
    return kj::READY_NOW;
  }
};

class AdminServer final : public WriterServer, public virtual protocol::Admin::Server {
 public:
  AdminServer(kj::Own<Served> served, Bytes branch)
      : WriterServer(kj::mv(served), std::move(branch), Right::admin) {}

 protected:
  kj::Promise<void> rights(RightsContext context) override {
    std::vector<Grant> grants = get_or_throw(list().list());
    std::erase_if(grants, [&](const Grant& grant) { return grant.pattern != branch(); });
    auto results = context.getResults().initRights(static_cast<uint32_t>(grants.size()));
    for (uint32_t i = 0; i < grants.size(); ++i) {
      results[i].setFingerprint(to_data(grants[i].fingerprint));
      results[i].setLevel(static_cast<protocol::Admin::Level>(grants[i].level));
    }
    return kj::READY_NOW;
  }
  kj::Promise<void> grant(GrantContext context) override {
    Grant grant = named(context.getParams().getRight());
    context.getResults().setFresh(get_or_throw(list().grant(grant, said("grant"))));
    return kj::READY_NOW;
  }
  kj::Promise<void> revoke(RevokeContext context) override {
    Grant grant = named(context.getParams().getRight());
    context.getResults().setHeld(get_or_throw(list().revoke(grant, said("revoke"))));
    return kj::READY_NOW;
  }

 private:
  Rights list() {
    require();
    return Rights(served().host().repo());
  }
  Grant named(protocol::Admin::Right::Reader right) {
    return {Bytes(to_bytes(right.getFingerprint())), static_cast<Right>(right.getLevel()),
            branch()};
  }
  CommitInfo said(const char* what) {
    return {.note = Bytes(what) + " by " + served().peer().name,
            .when_ms = served().host().options().now_ms()};
  }
};

}  // namespace

protocol::Reader::Client serve_reader(kj::Own<Served> served, Bytes branch) {
  return kj::heap<ReaderServer>(kj::mv(served), std::move(branch));
}
protocol::Merger::Client serve_merger(kj::Own<Served> served, Bytes branch) {
  return kj::heap<MergerServer>(kj::mv(served), std::move(branch));
}
protocol::Writer::Client serve_writer(kj::Own<Served> served, Bytes branch) {
  return kj::heap<WriterServer>(kj::mv(served), std::move(branch));
}
protocol::Admin::Client serve_admin(kj::Own<Served> served, Bytes branch) {
  return kj::heap<AdminServer>(kj::mv(served), std::move(branch));
}

Result<void> share(Repo& repo, BytesView name) {
  Branch branch = repo.branch(name);
  auto known = branch.is_shared();
  if (!known) return pass_on(known);
  return *known ? Result<void>() : branch.mark_shared();
}

kj::Own<protocol::Objects::Server> serve_objects(Store& store, Bytes branch,
                                                 std::shared_ptr<const PeerHas> peer) {
  return kj::heap<ObjectsServer>(store, std::move(branch), std::move(peer));
}

}  // namespace ukstore
