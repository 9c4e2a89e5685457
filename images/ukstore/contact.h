#pragma once
// A conversation with one peer: over TLS, or with a store on this machine through a pipe.

#include <ukstore/images/ukstore/event_loop.h>
#include <ukstore/images/ukstore/hosting.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/sync/secure.h>

namespace ukstore::cli {

// How this store meets its peers.
class Dialler {
 public:
  // All outlive it.  The store is to be open for writing.
  Dialler(Context& context, EventLoop& loop, Repo& repo, const std::filesystem::path& folder);
  Dialler(const Dialler&) = delete;

  Context& context() { return context_; }
  EventLoop& loop() { return loop_; }
  Repo& repo() { return repo_; }
  const std::filesystem::path& folder() const { return folder_; }
  const Identity& identity() const { return identity_; }
  SecureTransport& transport();
  // How long a peer may be silent: --timeout, else 60 s.  A tenth of it, at least 1 s and at most
  // 10 s, may pass until it answers at all.
  kj::Duration silence_max() const { return silence_max_; }
  kj::Duration answer_max() const;

 private:
  Context& context_;
  EventLoop& loop_;
  Repo& repo_;
  const std::filesystem::path folder_;
  const kj::Duration silence_max_;
  const Identity identity_;
  std::optional<SecureTransport> transport_;
};

class Contact {
 public:
  // Reaches the peer, makes sure of its key, and is let in.  Throws a Failure: unreachable,
  // wrong_key, refused.
  Contact(Dialler& dialler, Destination destination);
  Contact(const Contact&) = delete;

  const Destination& destination() const { return destination_; }
  const Bytes& fingerprint() const { return fingerprint_; }
  // What its branches are tracked under: the remote's name, or that of its key.
  const Bytes& name() const { return name_; }
  protocol::Session::Client& session() { return connection_->session(); }
  uint64_t bytes() const {
    return connection_->stream().bytes_read() + connection_->stream().bytes_written();
  }

  // How far the work is, for the progress.
  struct Done {
    uint64_t done = 0;
    uint64_t total = 0;
  };
  // Waits for a part of the conversation; throws a Failure that says `doing`.
  template <class T>
  T wait(kj::Promise<T> work, const std::string& doing, Progress& progress,
         std::function<Done()> done = {}) {
    try {
      auto watching = watch(progress, std::move(done)).then([]() -> T { KJ_UNREACHABLE; });
      return work.exclusiveJoin(kj::mv(watching)).wait(dialler_.loop().scope());
    } catch (const kj::Exception& exception) {
      fail(exception, doing);
    }
  }
  template <class T>
  T wait(kj::Promise<T> work, const std::string& doing) {
    Progress progress(dialler_.context(), "waiting for " + destination_.given, "");
    return wait(kj::mv(work), doing, progress);
  }

 private:
  [[noreturn]] void refuse_itself() const;
  kj::Own<kj::AsyncIoStream> dial();
  void log_in(kj::Own<kj::AsyncIoStream> stream);
  // Shows progress, and breaks when the peer has been silent for too long.
  kj::Promise<void> watch(Progress& progress, std::function<Done()> done);
  [[noreturn]] void fail(const kj::Exception& exception, const std::string& doing) const;

  Dialler& dialler_;
  const Destination destination_;
  std::optional<LocalPeer> local_;
  Bytes fingerprint_;
  Bytes name_;
  kj::Own<Connection> connection_;
};

// A secure stream to an address, within the time that a peer has to answer, whose key is the one
// that is expected, known or trusted; without that it is asked for, or taken if --trust-new says
// so.  Throws a Failure.
SecureStream dial_address(Dialler& dialler, const Destination& destination);

}  // namespace ukstore::cli
