#include <ukstore/sync/connection.h>

#include <ukstore/sync/errors.h>

namespace ukstore {
namespace {

constexpr uint16_t kVersion = 1, kOldest = 1;
constexpr uint8_t kSha256 = 1;
// Calls under way may take this much; more waits in the stream.
constexpr size_t kWindowBytes = 1 << 20;
constexpr size_t kFlowWordsMax = (4 << 20) / sizeof(capnp::word);

capnp::rpc::twoparty::VatId::Reader server_id(capnp::MallocMessageBuilder& message) {
  auto id = message.initRoot<capnp::rpc::twoparty::VatId>();
  id.setSide(capnp::rpc::twoparty::Side::SERVER);
  return id.asReader();
}

Error::Kind kind_of(protocol::Refusal::Reason reason) {
  switch (reason) {
    case protocol::Refusal::Reason::VERSION:
    case protocol::Refusal::Reason::HASH:
      return Error::Kind::unsupported;
    case protocol::Refusal::Reason::BUSY:
      return Error::Kind::limit;
    default:
      return Error::Kind::read_only;
  }
}

}  // namespace

Connection::Connection(kj::Own<kj::AsyncIoStream> stream, BytesView store_id)
    : stream_(kj::mv(stream)),
      packed_(*stream_),
      network_(packed_, capnp::rpc::twoparty::Side::CLIENT, message_limits()),
      rpc_(capnp::makeRpcClient(network_)) {
  rpc_.setFlowLimit(kFlowWordsMax);
  capnp::MallocMessageBuilder message;
  auto door = rpc_.bootstrap(server_id(message)).castAs<protocol::Door>();
  auto request = door.loginRequest();
  auto hello = request.initHello();
  hello.setVersion(kVersion);
  hello.setOldest(kOldest);
  hello.setHash(kSha256);
  hello.setStore(to_data(store_id));
  auto answer = request.send();
  session_ = answer.getSession();
  welcomed_ = answer
                  .then([](auto&& response) {
                    auto refusal = response.getRefusal();
                    if (refusal.getReason() != protocol::Refusal::Reason::NONE) {
                      auto text = refusal.getText();
                      kj::throwFatalException(to_exception(
                          {kind_of(refusal.getReason()),
                           "the peer refuses: " + std::string(text.cStr(), text.size())}));
                    }
                    return Bytes(to_bytes(response.getHello().getStore()));
                  })
                  .fork();
}

Task<void> serve(Host& host, kj::Own<kj::AsyncIoStream> stream, Peer peer) {
  auto gate =
      kj::refcounted<Gate>(host.options().limits, host.options().timer, host.bucket_of(peer));
  PackedStream packed(*stream, kWindowBytes, gate.get());
  capnp::TwoPartyVatNetwork network(packed, capnp::rpc::twoparty::Side::SERVER, message_limits());
  gate->count_queued([&network] { return network.getCurrentQueueSize(); });
  KJ_DEFER(gate->count_queued([] { return size_t{0}; }));
  auto door =
      host.door(std::move(peer),
                {.cut = [gate = kj::addRef(*gate)](
                            const Error& error) mutable { gate->broke(to_exception(error)); },
                 .logged_in = [gate = kj::addRef(*gate)]() mutable { gate->logged_in(); },
                 .turn = [gate = kj::addRef(*gate)]() mutable { return gate->turn(); }});
  auto rpc = capnp::makeRpcServer(network, kj::mv(door));
  rpc.setFlowLimit(kFlowWordsMax);
  co_await network.onDisconnect().exclusiveJoin(gate->watch());
}

}  // namespace ukstore
