#include <ukstore/libos/net/stack/resolver.h>
#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint8_t kNoSuchName = 3;

}  // namespace

QueryId Resolver::resolve(Time now, std::string_view name) {
  QueryId id{next_id_++};
  std::optional<std::string> normalized = normalized_name(name);
  Query query{.id = id, .name = normalized.value_or("")};
  if (!normalized) {
    finish(query, std::unexpected(ResolveError::bad_name));
    return id;
  }
  if (auto cached = cache_.find(*normalized); cached != cache_.end()) {
    if (cached->second.expires > now) {
      finish(query, cached->second.addresses);
      return id;
    }
    cache_.erase(cached);
  }
  auto socket = servers_.empty() ? std::unexpected(BindError::no_address)
                                 : udp_.bind({Ipv6Address{}, 0}, UdpEvents::hidden);
  if (!socket) {
    finish(query, std::unexpected(ResolveError::no_server));
    return id;
  }
  query.socket = *socket;
  query.questions[0].type = DnsType::aaaa;
  query.questions[1].type = DnsType::a;
  queries_.push_back(std::move(query));
  send(now, queries_.back());
  return id;
}

void Resolver::send(Time now, Query& query) {
  const IpAddress& server = servers_[query.sent % servers_.size()];
  unsigned round = query.sent / static_cast<unsigned>(servers_.size());
  for (Question& question : query.questions) {
    if (question.answered) continue;
    question.id = static_cast<uint16_t>(random_.next());
    Bytes bytes = serialize(DnsMessage{.id = question.id, .question = {query.name, question.type}});
    ByteSpan piece(bytes);
    udp_.send(now, query.socket, {server, kDnsPort}, std::span(&piece, 1));
  }
  ++query.sent;
  query.due = now + options_.timeout * (1 << std::min(round, 4u));
}

// An answer counts if it comes from a server we ask, with the id and the question that we sent.
void Resolver::read_answers(Query& query) {
  while (auto datagram = udp_.receive(query.socket)) {
    bool from_server =
        datagram->from.port == kDnsPort &&
        std::find(servers_.begin(), servers_.end(), datagram->from.address) != servers_.end();
    auto message = parse_dns(datagram->payload.bytes());
    if (!from_server || !message || !message->response) continue;
    for (Question& question : query.questions) {
      if (question.answered || message->id != question.id ||
          message->question != DnsQuestion{query.name, question.type})
        continue;
      question.answered = true;
      question.code = message->code;
      if (message->code == 0) question.answer = resolve_answer(*message);
    }
  }
}

bool Resolver::finish_if_done(Time now, Query& query) {
  bool all = std::all_of(query.questions.begin(), query.questions.end(),
                         [](const Question& q) { return q.answered; });
  bool given_up = !all && now >= query.due && query.sent >= options_.tries * servers_.size();
  if (!all && !given_up) return false;
  std::vector<IpAddress> addresses;
  uint32_t ttl_s = options_.ttl_s_max;
  for (const Question& question : query.questions) {
    if (question.answer.addresses.empty()) continue;
    addresses.insert(addresses.end(), question.answer.addresses.begin(),
                     question.answer.addresses.end());
    ttl_s = std::min(ttl_s, question.answer.ttl_s);
  }
  if (addresses.empty()) {
    bool absent = std::any_of(
        query.questions.begin(), query.questions.end(),
        [](const Question& q) { return q.answered && (q.code == kNoSuchName || q.code == 0); });
    finish(query, std::unexpected(given_up ? ResolveError::timed_out
                                  : absent ? ResolveError::no_such_name
                                           : ResolveError::failed));
    return true;
  }
  if (cache_.size() >= options_.cache_entries_max) cache_.erase(cache_.begin());
  if (ttl_s > 0 && all) cache_[query.name] = {addresses, now + std::chrono::seconds(ttl_s)};
  finish(query, std::move(addresses));
  return true;
}

void Resolver::finish(const Query& query,
                      std::expected<std::vector<IpAddress>, ResolveError> result) {
  udp_.close(query.socket);
  results_.push_back({query.id, std::move(result)});
}

std::optional<Resolver::Result> Resolver::next_result() {
  if (results_.empty()) return std::nullopt;
  Result result = std::move(results_.front());
  results_.pop_front();
  return result;
}

void Resolver::on_time(Time now) {
  std::erase_if(queries_, [&](Query& query) {
    read_answers(query);
    if (finish_if_done(now, query)) return true;
    if (now >= query.due) send(now, query);
    return false;
  });
}

Time Resolver::deadline() const {
  Time next = kNever;
  for (const Query& query : queries_) next = std::min(next, query.due);
  return next;
}

}  // namespace ukstore::net
