#include <ukstore/sync/sink.h>

#include <ukstore/store/links.h>
#include <ukstore/store/validate.h>
#include <ukstore/sync/errors.h>

namespace ukstore {
namespace {

class SinkServer final : public protocol::Sink::Server {
 public:
  SinkServer(Store& store, const TypeRegistry& types, SinkPlan plan)
      : plan_(kj::mv(plan)), intake_(store, types, plan_.landing, plan_.intake, plan_.peer) {}

 protected:
  kj::Promise<void> known(KnownContext context) override {
    std::vector<Hash> known;
    for (uint8_t place : context.getParams().getHaves()) {
      if (place >= plan_.haves.size())
        fail_for_good({Error::Kind::corrupt, "from a peer: a have that is none"});
      known.push_back(plan_.haves[place]);
    }
    tell(known);
    return kj::READY_NOW;
  }

  kj::Promise<void> piece(PieceContext context) override {
    context.allowCancellation();
    return guarded(take(Bytes(to_bytes(context.getParams().getBytes()))));
  }

  kj::Promise<void> last(LastContext context) override {
    context.allowCancellation();
    return guarded(take_last(context));
  }

 private:
  void tell(std::span<const Hash> haves) {
    if (told_)
      fail_for_good({Error::Kind::corrupt, "from a peer: its table of names is begun twice"});
    intake_.told(haves);
    told_ = true;
  }

  Task<void> take(Bytes piece) {
    plan_.allowed();
    if (!told_) tell(plan_.haves);
    if (piece.size() > kPieceBytesMax) {
      kj::throwFatalException(
          to_exception({Error::Kind::limit, "from a peer: a piece is too long"}));
    }
    auto wanted = get_or_throw(intake_.take(std::move(piece)));
    while (wanted) {
      co_await fetch(intake_, plan_.objects, *wanted);
      wanted = get_or_throw(intake_.go_on());
    }
  }

  Task<void> take_last(LastContext context) {
    co_await take(Bytes(to_bytes(context.getParams().getBytes())));
    plan_.allowed();
    Landed landed = get_or_throw(intake_.land());
    const Hash& head = landed.merge ? landed.merge->head.hash : landed.head.hash;
    if (head != landed.head.hash) context.getResults().setHead(to_data(head.view()));
    plan_.landed(landed);
  }

  // An error of a piece ends the stream, and whoever owns the connection is told.
  kj::Promise<void> guarded(kj::Promise<void> work) {
    return work.catch_([this](kj::Exception&& exception) {
      broke(error_of(exception));
      kj::throwFatalException(kj::mv(exception));
    });
  }
  [[noreturn]] void fail_for_good(const Error& error) {
    broke(error);
    kj::throwFatalException(to_exception(error));
  }
  void broke(const Error& error) {
    const bool hostile = error.kind == Error::Kind::corrupt || error.kind == Error::Kind::limit;
    if (hostile) intake_.give_up(error);
    if (!std::exchange(broken_, true)) plan_.broken(error);
  }

  SinkPlan plan_;
  Intake intake_;
  bool told_ = false;
  bool broken_ = false;
};

constexpr uint32_t kObjectsPerCall = 64;
constexpr size_t kDepthMax = 4096;

// A place, without its commit and path, which are the same for all of a fetch.
using Links = std::vector<uint32_t>;

struct Fetching {
  Intake& intake;
  protocol::Objects::Client objects;
  const Wanted& wanted;
};

Task<std::vector<Bytes>> get(Fetching& fetching, const Links& at,
                             std::span<const uint32_t> wanted) {
  auto request = fetching.objects.getRequest();
  auto place = request.initPlace();
  place.setCommit(to_data(fetching.wanted.commit.view()));
  auto path = place.initPath(fetching.wanted.path.size());
  for (size_t i = 0; i < fetching.wanted.path.size(); ++i)
    path.set(i, to_data(fetching.wanted.path[i]));
  auto links = place.initLinks(at.size());
  for (size_t i = 0; i < at.size(); ++i) links.set(i, at[i]);
  auto numbers = request.initWanted(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) numbers.set(i, wanted[i]);
  auto response = co_await request.send();
  std::vector<Bytes> objects;
  for (auto data : response.getObjects()) objects.emplace_back(to_bytes(data));
  if (objects.empty() || objects.size() > std::max<size_t>(1, wanted.size())) {
    kj::throwFatalException(
        to_exception({Error::Kind::corrupt, "from a peer: objects that nobody asked for"}));
  }
  co_return std::move(objects);
}

// Of what kind an object in that role is.
ObjectKind kind_of(Link::Role role, BytesView bytes) {
  switch (role) {
    case Link::Role::blob:
    case Link::Role::chunk:
      return ObjectKind::blob;
    case Link::Role::rope:
    case Link::Role::rope_node:
      return ObjectKind::rope;
    case Link::Role::root:
    case Link::Role::node:
    case Link::Role::child_tree:
      return !bytes.empty() && bytes[0] == 0 ? ObjectKind::leaf : ObjectKind::inner;
    case Link::Role::commit:
    case Link::Role::target:
      break;
  }
  kj::throwFatalException(
      to_exception({Error::Kind::corrupt, "from a peer: a state names a commit"}));
}

struct Missing {
  uint32_t number;
  Link::Role role;
  Hash hash;
};

std::vector<Missing> missing_below(const Intake& intake, ObjectKind kind, BytesView bytes) {
  const uint32_t count = get_or_throw(named_objects(kind, bytes));
  std::vector<uint64_t> zeros(count);
  ObjectView view{kind, bytes, reinterpret_cast<const char*>(zeros.data()), count};
  std::vector<Missing> missing;
  uint32_t number = 0;
  visit_links(view, [&](const Link& link) {
    if (!get_or_throw(intake.has(link.ref.hash)))
      missing.push_back({number, link.role, link.ref.hash});
    ++number;
  });
  return missing;
}

// Supplies an object that has come, after all below it.
Task<void> supply_below(Fetching& fetching, Links at, ObjectKind kind, Bytes bytes, Hash hash) {
  if (hash_object(kind, bytes) != hash) {
    kj::throwFatalException(to_exception(
        {Error::Kind::corrupt, "from a peer: other bytes than object " + to_hex(hash)}));
  }
  if (at.size() > kDepthMax) {
    kj::throwFatalException(to_exception({Error::Kind::limit, "from a peer: objects too deep"}));
  }
  std::vector<Missing> missing = missing_below(fetching.intake, kind, bytes);
  for (size_t next = 0; next < missing.size();) {
    std::vector<uint32_t> numbers;
    for (size_t i = next; i < missing.size() && numbers.size() < kObjectsPerCall; ++i) {
      numbers.push_back(missing[i].number);
    }
    std::vector<Bytes> objects = co_await get(fetching, at, numbers);
    for (Bytes& object : objects) {
      const Missing& below = missing[next++];
      // One object may be named twice.
      if (get_or_throw(fetching.intake.has(below.hash))) continue;
      Links to = at;
      to.push_back(below.number);
      const ObjectKind kind_below = kind_of(below.role, object);
      co_await supply_below(fetching, std::move(to), kind_below, std::move(object), below.hash);
    }
  }
  get_or_throw(fetching.intake.supply(kind, bytes, hash));
}

}  // namespace

kj::Own<protocol::Sink::Server> make_sink(Store& store, const TypeRegistry& types, SinkPlan plan) {
  return kj::heap<SinkServer>(store, types, kj::mv(plan));
}

Task<Hash> send_planned(Outflow& out, protocol::Sink::Client sink, kj::Timer* timer) {
  const Hash published = out.head();
  for (;;) {
    Bytes piece;
    const More more = get_or_throw(out.append(piece));
    if (more == More::no) {
      auto request = sink.lastRequest(capnp::MessageSize{piece.size() / 8 + 16, 0});
      request.setBytes(to_data(piece));
      auto response = co_await request.send();
      if (response.getHead().size() == 0) co_return published;
      co_return to_hash(response.getHead());
    }
    auto request = sink.pieceRequest(capnp::MessageSize{piece.size() / 8 + 16, 0});
    request.setBytes(to_data(piece));
    co_await request.send();
    // Only a wait lets the loop look at what has come from others.
    if (timer) co_await timer->afterDelay(0 * kj::NANOSECONDS);
  }
}

Task<void> fetch(Intake& intake, protocol::Objects::Client objects, Wanted wanted) {
  Fetching fetching{intake, objects, wanted};
  std::vector<Bytes> root = co_await get(fetching, {}, {});
  const ObjectKind kind = kind_of(wanted.role, root.front());
  co_await supply_below(fetching, {}, kind, std::move(root.front()), wanted.object);
}

Hash to_hash(capnp::Data::Reader data) {
  if (data.size() != sizeof(Hash::bytes)) {
    kj::throwFatalException(
        to_exception({Error::Kind::corrupt, "from a peer: a name of a bad size"}));
  }
  return Hash::load(reinterpret_cast<const char*>(data.begin()));
}

std::vector<Hash> to_hashes(capnp::List<capnp::Data>::Reader list, size_t most) {
  if (list.size() > most) {
    kj::throwFatalException(to_exception({Error::Kind::limit, "from a peer: too many names"}));
  }
  std::vector<Hash> hashes;
  for (auto data : list) hashes.push_back(to_hash(data));
  return hashes;
}

}  // namespace ukstore
