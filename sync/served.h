#pragma once
// What the objects that are served over one connection share: who the peer is, what it may do, what
// it knows, and what runs for it.

#include <ukstore/sync/errors.h>
#include <ukstore/sync/host.h>
#include <ukstore/sync/places.h>

#include <kj/async.h>

#include <list>
#include <map>

namespace ukstore {

class Served final : public kj::Refcounted {
 public:
  // Stands in `all` while it lives.
  Served(Host& host, std::shared_ptr<std::vector<Served*>> all, Peer peer, ConnectionHooks hooks);
  ~Served() noexcept(false);

  Host& host() { return host_; }
  Store& store() { return host_.repo().store(); }
  const Peer& peer() const { return peer_; }
  void cut(const Error& error) { hooks_.cut(error); }
  void logged_in() { hooks_.logged_in(); }
  kj::Promise<void> turn() { return hooks_.turn(); }

  // Throws `not_found`, in the same words whether there is such a branch or not, unless the peer
  // has that right now.
  void require(BytesView branch, Right least) const;
  // Runs work that lasts; it is broken off when the peer loses the right.
  kj::Promise<void> while_allowed(Bytes branch, Right least, kj::Promise<void> work);
  // Rights may have changed.
  void look_at_rights();

  std::shared_ptr<PeerHas> has_of(const Bytes& branch);
  // Where the heads that the peer pushes are kept; empty: nowhere.
  Bytes tracking(const Bytes& branch) const;
  // What the peer may name.
  Scope scope(const Bytes& branch);

 private:
  struct Running {
    Bytes branch;
    Right least;
    kj::Canceler canceler;
  };

  Host& host_;
  const std::shared_ptr<std::vector<Served*>> all_;
  const Peer peer_;
  ConnectionHooks hooks_;
  std::map<Bytes, std::shared_ptr<PeerHas>> has_;  // by branch
  std::list<Running> running_;
};

protocol::Reader::Client serve_reader(kj::Own<Served> served, Bytes branch);
protocol::Merger::Client serve_merger(kj::Own<Served> served, Bytes branch);
protocol::Writer::Client serve_writer(kj::Own<Served> served, Bytes branch);
protocol::Admin::Client serve_admin(kj::Own<Served> served, Bytes branch);

// What a branch is at, for a message.
void fill_head(Store& store, BytesView branch, protocol::Head::Builder to);

}  // namespace ukstore
