#pragma once
// Pages over HTTP/1.1, for tools that read figures: GET without a body, one request a connection.
//
// It parses so little that there is little to attack: a head of at most 8 KiB within 10 s, no
// bodies, no encodings, and 32 connections at a time.

#include <ukstore/libos/kj/task.h>

#include <kj/async-io.h>
#include <kj/function.h>
#include <kj/timer.h>

#include <optional>
#include <string>
#include <string_view>

namespace ukstore::node {

class PageServer final : private kj::TaskSet::ErrorHandler {
 public:
  // `page` gives the body for a path, or nothing if there is no such page.
  using Pages = kj::Function<std::optional<std::string>(std::string_view path)>;

  PageServer(kj::Timer& timer, Pages pages) : timer_(timer), pages_(kj::mv(pages)), tasks_(*this) {}
  KJ_DISALLOW_COPY(PageServer);

  // Serves whoever comes, until cancelled.
  libos_kj::Task<void> listen(kj::ConnectionReceiver& receiver);

 private:
  libos_kj::Task<void> answer(kj::Own<kj::AsyncIoStream> peer);
  std::string response(std::string_view head);
  void taskFailed(kj::Exception&&) override {}

  kj::Timer& timer_;
  Pages pages_;
  size_t connections_ = 0;
  kj::TaskSet tasks_;
};

}  // namespace ukstore::node
