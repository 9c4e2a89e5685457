// A whole stack as the subject: frames over the simulated link, in virtual time.  The peer is
// 10.0.0.1, which answers ARP and otherwise says only what the script says.

#include <ukstore/libos/net/wire/icmp.h>
#include <ukstore/libos/net/wire/ipv4.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <algorithm>
#include <deque>
#include <sstream>

#include "tcp_subject.h"
#include "two_hosts.h"

namespace ukstore::net::script {
namespace {

class StackSubject final : public Subject {
 public:
  explicit StackSubject(const Caps& caps) : caps_(caps) {
    config_.interface.ipv6 = Ipv6Mode::off;
    config_.tcp.config.receive_buffer_bytes = 65535;
    config_.tcp.config.receive_buffer_bytes_max = 65535 << 7;
  }

  void configure(const std::string& key, const std::string& value) override {
    Config& tcp = config_.tcp.config;
    auto feature = value == "off" ? Feature::off : Feature::on;
    if (key == "mss") mtu_ = static_cast<uint16_t>(std::stoul(value) + 40);
    if (key == "rcvbuf") {
      tcp.receive_buffer_bytes = static_cast<uint32_t>(std::stoul(value));
      tcp.receive_buffer_bytes_max = tcp.receive_buffer_bytes;
    }
    if (key == "sack") tcp.sack = feature;
    if (key == "timestamps") tcp.timestamps = feature;
    if (key == "scaling") tcp.window_scaling = feature;
    if (key == "cookies")
      config_.tcp.cookies = feature == Feature::on ? SynCookies::when_full : SynCookies::never;
    if (key == "synqueue") config_.tcp.syn_queue_max = static_cast<uint32_t>(std::stoul(value));
    if (key == "congestion") {
      tcp.congestion_control =
          value == "reno" ? CongestionControl::new_reno : CongestionControl::cubic;
    }
  }

  Time now() override { return now_; }
  void advance(Time until) override {
    poll();
    while (step_towards(until)) {
    }
  }
  std::optional<Seen> next_out(Time until) override {
    poll();
    while (out_.empty() && step_towards(until)) {
    }
    if (out_.empty()) return std::nullopt;
    Seen seen = std::move(out_.front());
    out_.pop_front();
    return seen;
  }

  void inject(const TcpHeader& header, std::string payload, Batch batch) override {
    if (header.flags.ack) una_ = header.ack;
    Bytes segment(header.wire_bytes());
    header.emit(segment);
    append(segment, std::as_bytes(std::span(payload)));
    set_tcp_checksum(segment, transport_checksum(left_ip(), right_ip(), Protocol::tcp, segment));
    give(Protocol::tcp, segment);
    batching_ = batch == Batch::more;
    poll();
  }
  void end_batch() override {
    batching_ = false;
    poll();
  }

  std::string call(const Event& event) override;
  std::string read(size_t count) override {
    std::string bytes(count, '\0');
    bytes.resize(tcp().read(now_, id(), std::as_writable_bytes(std::span(bytes))));
    poll();
    return bytes;
  }
  bool write(std::string bytes) override {
    bool all = tcp().write(now_, id(), std::as_bytes(std::span(bytes))) == bytes.size();
    poll();
    return all;
  }
  std::string state() override;
  bool end_of_stream() override {
    const Connection* connection = tcp().find(id());
    return connection != nullptr && connection->end_of_stream();
  }
  std::string failure() override {
    const Connection* connection = tcp().find(id());
    return std::string(to_string(connection ? connection->failure() : Failure::none));
  }
  Duration late() const override { return Duration(1000); }
  Duration early() const override { return Duration(1000); }
  uint16_t local_port() const override { return port_; }
  uint16_t remote_port() const override { return 40000; }

 private:
  // The host comes into being with the first thing that happens, as configuration comes before.
  Stack& stack() {
    if (stack_) return *stack_;
    SimLink::EndOptions left{.mac = kLeftMac, .mtu = 9000};
    SimLink::EndOptions right = end_options(kRightMac, caps_);
    right.mtu = mtu_;
    StackConfig config = config_;
    StackConfig addressed = host_config("10.0.0.2/24", 0x5eed);
    config.addresses = addressed.addresses;
    config.interface.duplicate_detection = DuplicateDetection::off;
    config.key = addressed.key;
    link_.emplace(1, left, right);
    stack_.emplace(link_->device(LinkEnd::right), config, now_);
    return *stack_;
  }
  TcpHost& tcp() { return stack().tcp(); }
  // The connection that the application holds, accepting it first if it is not yet its own.
  TcpId id() {
    if (listener_ && id_ == TcpId{}) id_ = tcp().accept(*listener_).value_or(TcpId{});
    return id_;
  }

  void give(Protocol protocol, ByteSpan payload) {
    stack();
    Bytes frame(EthernetHeader::kBytes + Ipv4Header::kBytes);
    write_ethernet(frame, kRightMac, EtherType::ipv4);
    ukstore::net::write(
        Ipv4Header{.source = left_ip(), .destination = right_ip(), .protocol = protocol},
        payload.size(), std::span(frame).subspan(EthernetHeader::kBytes));
    append(frame, payload);
    send_frame(frame);
  }
  static void write_ethernet(Bytes& frame, MacAddress to, EtherType type) {
    ukstore::net::write(EthernetHeader{to, kLeftMac, type}, frame);
  }
  void send_frame(ByteSpan frame) {
    link_->device(LinkEnd::left).send(now_, std::span(&frame, 1), {});
  }

  // A pass of the host, and what it put on the cable.
  void poll() {
    if (batching_) return;
    do {
      stack().poll(now_);
      while (tcp().next_event()) continue;
    } while (take_frames());
  }

  // Whether something was answered that the host has not seen yet.
  bool take_frames() {
    bool answered = false;
    while (auto frame = link_->device(LinkEnd::left).receive(now_)) {
      ByteSpan bytes = frame->data.bytes();
      ByteSpan packet = bytes.subspan(EthernetHeader::kBytes);
      if (auto arp = parse_arp(packet)) answered = answer(*arp) || answered;
      auto ip = parse_ipv4_packet(packet);
      if (!ip || ip->header.protocol != Protocol::tcp) continue;
      auto view = TcpView::check(ip->payload);
      if (!view || transport_checksum(right_ip(), left_ip(), Protocol::tcp, ip->payload) != 0)
        continue;
      ByteSpan payload = ip->payload.subspan(view->header_bytes());
      TcpHeader header = view->parse();
      if (header.flags.syn && !header.flags.ack) una_ = header.seq;
      out_.push_back(
          {now_, header, {reinterpret_cast<const char*>(payload.data()), payload.size()}});
    }
    return answered;
  }

  bool answer(const ArpPacket& question) {
    if (question.operation != ArpOperation::request || question.target != left_ip()) return false;
    Bytes frame(EthernetHeader::kBytes);
    write_ethernet(frame, kRightMac, EtherType::arp);
    append(frame,
           serialize(ArpPacket{ArpOperation::reply, kLeftMac, left_ip(), kRightMac, right_ip()}));
    send_frame(frame);
    return true;
  }

  bool step_towards(Time until) {
    Time next = std::min(stack().deadline(), link_->deadline());
    if (batching_ || next > until) {
      now_ = std::max(now_, until);
      return false;
    }
    now_ = std::max(now_, next);
    poll();
    return true;
  }

  // An ICMP error that quotes the oldest segment in flight.
  void complain(uint8_t code, uint16_t mtu) {
    Bytes packet(Ipv4Header::kBytes);
    ukstore::net::write(Ipv4Header{.source = right_ip(), .destination = left_ip()}, 20, packet);
    append_be16(packet, port_);
    append_be16(packet, remote_port());
    append_be32(packet, una_.value);
    give(Protocol::icmp, serialize(Icmpv4Message{Icmpv4Type::unreachable, code, mtu, packet}));
  }

  Caps caps_;
  StackConfig config_;
  uint16_t mtu_ = 1500;
  uint16_t port_ = 8080;
  Time now_{std::chrono::seconds(1000)};
  std::optional<SimLink> link_;
  std::optional<Stack> stack_;
  std::optional<ListenerId> listener_;
  TcpId id_;
  SeqNumber una_;
  bool batching_ = false;
  std::deque<Seen> out_;
};

std::string StackSubject::call(const Event& event) {
  const std::string& word = event.word;
  auto number = [&event](size_t i) { return std::stod(event.arguments.at(i)); };
  auto duration = [&](size_t i) { return Duration(static_cast<int64_t>(number(i) * 1e6)); };
  if (word == "listen") {
    listener_ = *tcp().listen({Ipv4Address{}, port_}, 128);
  } else if (word == "connect") {
    id_ = *tcp().connect(now_, {left_ip(), remote_port()});
    port_ = tcp().local(id_).port;
  } else if (word == "accept") {
    id_ = {};
    if (id() == TcpId{}) return "nothing to accept";
  } else if (word == "shutdown") {
    tcp().shutdown_write(now_, id());
  } else if (word == "close") {
    tcp().close(now_, id());
  } else if (word == "abort") {
    tcp().abort(now_, id());
  } else if (word == "nodelay") {
    tcp().set_nagle(id(), Feature::off);
  } else if (word == "keepalive") {
    tcp().set_keepalive(now_, id(), Feature::on, duration(0), duration(1),
                        static_cast<uint8_t>(number(2)));
  } else if (word == "usertimeout") {
    tcp().set_user_timeout(now_, id(), duration(0));
  } else if (word == "toobig") {
    complain(kIcmpv4FragmentationNeeded, static_cast<uint16_t>(number(0) + 40));
  } else if (word == "unreachable") {
    complain(1, 0);
  } else {
    return "unknown call " + word;
  }
  poll();
  return "";
}

// As the host's own report says: connections that the application let go of stand there too.
std::string StackSubject::state() {
  const TcpHost::Live live = tcp().live();
  std::istringstream report(tcp().describe());
  std::string found = live.time_wait > 0   ? "TIME-WAIT"
                      : live.half_open > 0 ? "SYN-RECEIVED"
                      : listener_          ? "LISTEN"
                                           : "CLOSED";
  for (std::string line; std::getline(report, line);) {
    std::istringstream words(line);
    std::string state, local, remote;
    words >> state >> local >> remote;
    bool old = state == "TIME-WAIT";  // kept by the application beside the record
    if (remote == "10.0.0.1:40000" && !old && state != "CLOSED") found = state;
  }
  return found;
}

}  // namespace

std::unique_ptr<Subject> make_stack_subject(const Caps& caps) {
  return std::make_unique<StackSubject>(caps);
}

}  // namespace ukstore::net::script
