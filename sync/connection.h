#pragma once
// A connection between two replicas, from either end.  One end dials and holds a session; the other
// serves it.

#include <ukstore/sync/host.h>
#include <ukstore/sync/packed_stream.h>

#include <capnp/rpc-twoparty.h>

namespace ukstore {

// The end that dialled.
class Connection {
 public:
  // Logs in over a stream whose other end serves; `store_id` is 16 bytes.
  Connection(kj::Own<kj::AsyncIoStream> stream, BytesView store_id);
  KJ_DISALLOW_COPY(Connection);

  // Calls may be made at once: they travel with the login.
  protocol::Session::Client& session() { return session_; }
  // Resolves to the id of the peer's store when it has let us in; fails with `unsupported` or
  // `read_only`, in the peer's words, if it refuses.
  kj::Promise<Bytes> welcomed() { return welcomed_.addBranch(); }
  // Resolves when the stream has ended.
  kj::Promise<void> ended() { return network_.onDisconnect(); }

  const PackedStream& stream() const { return packed_; }

 private:
  kj::Own<kj::AsyncIoStream> stream_;
  PackedStream packed_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  protocol::Session::Client session_ = nullptr;
  kj::ForkedPromise<Bytes> welcomed_ = nullptr;
};

// The end that serves: resolves when the peer has gone, and breaks with what it did if it was cut.
// The host outlives it, and calls that were under way when it ended or was dropped: they end when
// the event loop turns next.
Task<void> serve(Host& host, kj::Own<kj::AsyncIoStream> stream, Peer peer);

}  // namespace ukstore
