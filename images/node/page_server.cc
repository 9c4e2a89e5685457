#include <ukstore/images/node/page_server.h>

#include <kj/debug.h>

#include <algorithm>

namespace ukstore::node {
namespace {

constexpr size_t kHeadBytesMax = 8192;
constexpr size_t kConnectionsMax = 32;
constexpr kj::Duration kAnswerMax = 10 * kj::SECONDS;

std::string message(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body);
}

// Whether a line of the head is the field of that name, which is in lower case.
bool is_field(std::string_view line, std::string_view name) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(),
                    [&](char a, char b) { return a == lower(b); });
}

bool announces_body(std::string_view head) {
  for (size_t at = 0; at < head.size();) {
    const size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    if (is_field(line, "content-length") || is_field(line, "transfer-encoding")) return true;
    if (end == head.npos) break;
    at = end + 2;
  }
  return false;
}

}  // namespace

libos_kj::Task<void> PageServer::listen(kj::ConnectionReceiver& receiver) {
  for (;;) {
    auto peer = co_await receiver.accept();
    if (connections_ >= kConnectionsMax) continue;
    kj::Promise<void> answering = answer(kj::mv(peer));
    tasks_.add(timer_.timeoutAfter(kAnswerMax, kj::mv(answering)));
  }
}

libos_kj::Task<void> PageServer::answer(kj::Own<kj::AsyncIoStream> peer) {
  ++connections_;
  KJ_DEFER(--connections_);
  std::string head;
  char buffer[1024];
  while (head.find("\r\n\r\n") == head.npos) {
    const size_t count = co_await peer->tryRead(buffer, 1, sizeof buffer);
    if (count == 0) co_return;
    head.append(buffer, count);
    if (head.size() > kHeadBytesMax) co_return;
  }
  const std::string text = response(head.substr(0, head.find("\r\n\r\n")));
  co_await peer->write(text.data(), text.size());
  peer->shutdownWrite();
  // A close with unread bytes would reset the connection before the answer is read.
  while (co_await peer->tryRead(buffer, 1, sizeof buffer) > 0) {
  }
}

std::string PageServer::response(std::string_view head) {
  if (announces_body(head)) return message("400 Bad Request", "no bodies, please\n");
  constexpr std::string_view kGet = "GET ";
  if (!head.starts_with(kGet)) return message("405 Method Not Allowed", "GET only\n");
  head.remove_prefix(kGet.size());
  const std::string_view path = head.substr(0, head.find_first_of(" ?\r"));
  if (auto body = pages_(path)) return message("200 OK", *body);
  return message("404 Not Found", "there is /metrics\n");
}

}  // namespace ukstore::node
