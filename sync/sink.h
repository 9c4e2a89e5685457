#pragma once
// The receiving end of a stream as a capability, and the sending of one into it.

#include <ukstore/libos/kj/task.h>
#include <ukstore/sync/intake.h>
#include <ukstore/sync/outflow.h>

#include <protocol.capnp.h>

#include <kj/function.h>
#include <kj/timer.h>

namespace ukstore {

using libos_kj::Task;

// What a sink serves.  All that it refers to outlives the sink.
struct SinkPlan {
  Landing landing;
  // What the sender was told, in the order of the message that told it.
  std::vector<Hash> haves;
  // Over a connection that goes both ways: what the sender was told besides.
  std::shared_ptr<const PeerHas> peer{};
  // Where objects that the stream names come from.
  protocol::Objects::Client objects;
  // Throws if the sender may not send any more; asked at each piece, and before a landing.
  kj::Function<void()> allowed = [] {};
  kj::Function<void(const Landed&)> landed;  // after each landing
  kj::Function<void(const Error&)> broken;   // once, before the sender is told
  IntakeOptions intake{};
};

kj::Own<protocol::Sink::Server> make_sink(Store& store, const TypeRegistry& types, SinkPlan plan);

// Sends what has been planned into a sink; resolves when its last piece has landed, to the head of
// the receiving branch.  With a timer others get their turn after each piece.
Task<Hash> send_planned(Outflow& out, protocol::Sink::Client sink, kj::Timer* timer = nullptr);

// Brings an object that an intake wants, and all below it that is not there.
Task<void> fetch(Intake& intake, protocol::Objects::Client objects, Wanted wanted);

// Bytes of messages.
inline capnp::Data::Reader to_data(BytesView bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}
inline BytesView to_bytes(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}
// A name of 32 bytes; throws `corrupt` for any other size.
Hash to_hash(capnp::Data::Reader data);
std::vector<Hash> to_hashes(capnp::List<capnp::Data>::Reader list, size_t most);

}  // namespace ukstore
