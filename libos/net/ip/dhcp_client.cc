#include <ukstore/libos/net/ip/dhcp_client.h>
#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint32_t kForever_s = 0xffffffff;
constexpr uint32_t kLeaseMin_s = 60;  // a server that says less would keep us busy renewing
constexpr uint8_t kRequestsMax = 4;

Time after(Time now, uint32_t seconds) {
  return seconds == kForever_s ? kNever : now + std::chrono::seconds(seconds);
}

}  // namespace

void DhcpClient::start(Time now) { restart(now); }

void DhcpClient::restart(Time now) {
  lease_.reset();
  state_ = State::selecting;
  transaction_ = static_cast<uint32_t>(random_.next());
  started_ = now;
  tries_ = 0;
  renew_at_ = rebind_at_ = expires_at_ = kNever;
  message_due_ = true;
  deadline_ = now;
}

void DhcpClient::stop(Time now) {
  release_due_ = lease_.has_value();
  state_ = State::idle;
  message_due_ = release_due_;
  deadline_ = release_due_ ? now : kNever;
}

DhcpMessage DhcpClient::base(DhcpType type, Time now) const {
  auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(now - started_).count();
  return {.type = type,
          .transaction = transaction_,
          .elapsed_s = static_cast<uint16_t>(std::min<int64_t>(elapsed, 0xffff)),
          .client_mac = mac_};
}

// 4, 8, 16, 32, 64 s, each a second more or less (section 4.1).
void DhcpClient::schedule_retry(Time now) {
  int64_t base_s = int64_t{4} << std::min<uint8_t>(tries_, 4);
  if (tries_ < 255) ++tries_;
  int64_t jitter_ms = static_cast<int64_t>(random_.below(2001)) - 1000;
  deadline_ = now + std::chrono::seconds(base_s) + std::chrono::milliseconds(jitter_ms);
}

void DhcpClient::bind(Time now, const DhcpMessage& ack) {
  uint32_t lease_s = std::max(ack.lease_s.value_or(3600), kLeaseMin_s);
  uint32_t rebind_s = ack.rebind_s.value_or(lease_s / 8 * 7);
  uint32_t renew_s = ack.renew_s.value_or(lease_s / 2);
  if (rebind_s >= lease_s) rebind_s = lease_s / 8 * 7;
  if (renew_s >= rebind_s) renew_s = lease_s / 2;
  expires_at_ = after(now, lease_s);
  bool forever = lease_s == kForever_s;
  renew_at_ = forever ? kNever : after(now, renew_s);
  rebind_at_ = forever ? kNever : after(now, rebind_s);
  DhcpLease lease{.address = {ack.yours, ack.prefix_bits.value_or(24)},
                  .dns_servers = ack.dns_servers,
                  .mtu = ack.mtu};
  if (!ack.routers.empty()) lease.router = ack.routers.front();
  lease_ = std::move(lease);
  if (ack.server) server_ = *ack.server;
  state_ = State::bound;
  message_due_ = false;
  deadline_ = renew_at_;
}

void DhcpClient::on_message(Time now, const DhcpMessage& message) {
  if (message.direction != DhcpDirection::to_client || message.transaction != transaction_ ||
      message.client_mac != mac_)
    return;
  switch (state_) {
    case State::idle:
    case State::bound:
      return;
    case State::selecting:
      if (message.type != DhcpType::offer || !message.server || message.yours.is_unspecified() ||
          message.yours.is_multicast())
        return;
      offered_ = message.yours;
      server_ = *message.server;
      state_ = State::requesting;
      tries_ = 0;
      message_due_ = true;
      deadline_ = now;
      return;
    case State::requesting:
    case State::renewing:
    case State::rebinding:
      // Another server's refusal is not for us (section 3.1.5).
      if (message.server && state_ != State::rebinding && *message.server != server_) return;
      if (message.type == DhcpType::nak) return restart(now);
      if (message.type == DhcpType::ack && !message.yours.is_unspecified()) bind(now, message);
      return;
  }
}

// What the passing of time changes before a message is made.
void DhcpClient::on_deadline(Time now) {
  message_due_ = true;
  switch (state_) {
    case State::idle:
      message_due_ = release_due_;
      return;
    case State::selecting:
      return;
    case State::requesting:
      if (tries_ >= kRequestsMax) restart(now);
      return;
    case State::bound:
      state_ = State::renewing;
      transaction_ = static_cast<uint32_t>(random_.next());
      started_ = now;
      [[fallthrough]];
    case State::renewing:
    case State::rebinding:
      if (now >= expires_at_) return restart(now);
      if (now >= rebind_at_) state_ = State::rebinding;
      return;
  }
}

std::optional<DhcpClient::Outgoing> DhcpClient::next_message(Time now) {
  if (now < deadline_) return std::nullopt;
  on_deadline(now);
  if (!message_due_) return std::nullopt;
  message_due_ = false;
  switch (state_) {
    case State::idle: {
      release_due_ = false;
      deadline_ = kNever;
      Outgoing out{base(DhcpType::release, now), server_};
      out.message.client = lease_->address.address.v4();
      out.message.server = server_;
      lease_.reset();
      return out;
    }
    case State::selecting:
      schedule_retry(now);
      return Outgoing{base(DhcpType::discover, now), {}};
    case State::requesting: {
      schedule_retry(now);
      Outgoing out{base(DhcpType::request, now), {}};
      out.message.requested = offered_;
      out.message.server = server_;
      return out;
    }
    case State::bound:
      return std::nullopt;
    case State::renewing:
    case State::rebinding: {
      // Half of what is left until the next state, but at least a minute (section 4.4.5).
      Time until = state_ == State::renewing ? rebind_at_ : expires_at_;
      Duration half = std::max<Duration>((until - now) / 2, std::chrono::seconds(60));
      deadline_ = std::min(until, now + half);
      Outgoing out{base(DhcpType::request, now), {}};
      out.message.client = lease_->address.address.v4();
      if (state_ == State::renewing) out.server = server_;
      return out;
    }
  }
  return std::nullopt;
}

}  // namespace ukstore::net
