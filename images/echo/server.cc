#include <ukstore/images/echo/server.h>

namespace ukstore::echo {

bool Server::listen(uint16_t port, SessionFactory factory) {
  auto listener = stack_.tcp().listen({net::Ipv6Address{}, port}, 1024);
  if (!listener) return false;
  if (factories_.size() <= listener->index) factories_.resize(listener->index + 1);
  factories_[listener->index] = std::move(factory);
  return true;
}

bool Server::echo_datagrams(uint16_t port) {
  return stack_.udp().bind({net::Ipv6Address{}, port}, net::UdpEvents::shown).has_value();
}

void Server::accept_all(net::ListenerId listener) {
  while (auto id = stack_.tcp().accept(listener)) {
    if (sessions_.size() <= id->index) sessions_.resize(id->index + 1);
    sessions_[id->index] = {*id, factories_[listener.index]()};
  }
}

void Server::on_connection(net::Time now, net::TcpId id) {
  Open& open = sessions_[id.index];
  if (open.id != id || open.session == nullptr) return;
  Verdict verdict = open.session->on_event({stack_.tcp(), id, now});
  if (verdict == Verdict::go_on && stack_.tcp().find(id)->failure() == net::Failure::none) return;
  open = {};
  if (verdict == Verdict::abort) {
    stack_.tcp().abort(now, id);
  } else {
    stack_.tcp().close(now, id);
  }
}

void Server::on_datagrams(net::Time now, net::UdpId id) {
  while (auto datagram = stack_.udp().receive(id)) {
    net::ByteSpan payload = datagram->payload.bytes();
    stack_.udp().send(now, id, datagram->from, std::span(&payload, 1));
  }
}

void Server::run(net::Time now) {
  while (auto event = stack_.tcp().next_event()) {
    if (event->kind == net::TcpEvent::Kind::listener) {
      accept_all(event->listener);
    } else {
      on_connection(now, event->connection);
    }
  }
  while (auto id = stack_.udp().next_event()) on_datagrams(now, *id);
}

}  // namespace ukstore::echo
