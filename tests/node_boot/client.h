#pragma once
// A replica of a test's own, in memory, that dials nodes over the kernel's network.

#include <ukstore/merge/repo.h>
#include <ukstore/sync/listener.h>
#include <ukstore/sync/transfer.h>

#include <kj/async-io.h>

namespace node_boot {

class Client {
 public:
  Client();
  Client(const Client&) = delete;

  ukstore::Repo& repo() { return *repo_; }
  ukstore::Branch main() { return repo_->branch("main"); }
  kj::WaitScope& scope() { return io_.waitScope; }
  kj::Timer& timer() { return io_.provider->getTimer(); }

  // Over TLS, with a key that is made anew each time that the client is.  Throws what keeps it out.
  void connect(const std::string& host_and_port);
  void disconnect() { connection_ = nullptr; }
  ukstore::protocol::Session::Client& session() { return connection_->session(); }
  // A stream with the handshake behind it and nothing sent.
  kj::Own<kj::AsyncIoStream> secure_stream(const std::string& host_and_port);
  // Pushes main; returns when it has landed there.
  void push();

 private:
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
  std::unique_ptr<ukstore::Repo> repo_;
  ukstore::Identity identity_;
  ukstore::SecureTransport transport_;
  kj::Own<ukstore::Connection> connection_;
};

}  // namespace node_boot
