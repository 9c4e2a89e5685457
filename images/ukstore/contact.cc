#include <ukstore/images/ukstore/contact.h>

#include <ukstore/images/ukstore/peer_failure.h>
#include <ukstore/images/ukstore/trust.h>
#include <ukstore/sync/errors.h>
#include <ukstore/sync/listener.h>

namespace ukstore::cli {
namespace {

constexpr uint64_t kSilenceSeconds = 60;
constexpr kj::Duration kTick = 200 * kj::MILLISECONDS;

}  // namespace

// ---- The dialler.

Dialler::Dialler(Context& context, EventLoop& loop, Repo& repo, const std::filesystem::path& folder)
    : context_(context),
      loop_(loop),
      repo_(repo),
      folder_(folder),
      silence_max_(static_cast<int64_t>(context.number("timeout").value_or(kSilenceSeconds)) *
                   kj::SECONDS),
      identity_(own_identity(repo.store(), folder)) {}

SecureTransport& Dialler::transport() {
  if (!transport_) transport_.emplace(identity_);
  return *transport_;
}

kj::Duration Dialler::answer_max() const {
  return kj::max(1 * kj::SECONDS, kj::min(silence_max_, 10 * kj::SECONDS));
}

SecureStream dial_address(Dialler& dialler, const Destination& destination) {
  Progress progress(dialler.context(), "connecting to " + destination.host_and_port, "");
  auto ticking = [](kj::Timer& timer, Progress& progress) -> libos_kj::Task<SecureStream> {
    for (;;) {
      co_await timer.afterDelay(kTick);
      progress.look(0);
    }
  };
  kj::Timer& timer = dialler.loop().timer();
  try {
    auto dialling = dial(dialler.loop().network(), dialler.transport(),
                         {.host_and_port = destination.host_and_port});
    SecureStream stream = timer.timeoutAfter(dialler.answer_max(), kj::mv(dialling))
                              .exclusiveJoin(ticking(timer, progress))
                              .wait(dialler.loop().scope());
    accept_key(dialler.context(), dialler.repo().store(), destination, stream.fingerprint);
    return stream;
  } catch (const kj::Exception& exception) {
    throw unreachable(exception, destination.given, destination.host_and_port);
  }
}

// ---- The contact.

Contact::Contact(Dialler& dialler, Destination destination)
    : dialler_(dialler), destination_(std::move(destination)) {
  auto stream = dial();
  const Peers peers = peers_of(dialler_.repo().store());
  name_ = destination_.remote.empty() ? peers.name_of(fingerprint_) : destination_.remote;
  if (fingerprint_ == dialler_.identity().fingerprint()) refuse_itself();
  log_in(kj::mv(stream));
}

void Contact::refuse_itself() const {
  throw Failure{
      Exit::user_error,
      in_quotes(destination_.given) + " is this store itself",
      {"it has the key " + dialler_.identity().fingerprint()},
      {"name another one, or make one: ukstore clone " + shell_word(destination_.given) + " DIR"}};
}

kj::Own<kj::AsyncIoStream> Contact::dial() {
  if (destination_.is_path()) {
    std::error_code error;
    if (std::filesystem::equivalent(destination_.store, dialler_.folder(), error)) refuse_itself();
    local_.emplace(dialler_.context(), destination_, dialler_.loop().timer());
    fingerprint_ = local_->fingerprint();
    return local_->connect(dialler_.identity().fingerprint());
  }
  SecureStream secure = dial_address(dialler_, destination_);
  fingerprint_ = secure.fingerprint;
  return kj::mv(secure.stream);
}

void Contact::log_in(kj::Own<kj::AsyncIoStream> stream) {
  connection_ = kj::heap<Connection>(kj::mv(stream), dialler_.identity().store_id());
  const std::string& own = dialler_.identity().fingerprint();
  try {
    Progress progress(dialler_.context(), "logging in", "");
    auto in = connection_->welcomed().ignoreResult();
    in.exclusiveJoin(watch(progress, {})).wait(dialler_.loop().scope());
  } catch (const kj::Exception& exception) {
    const Error error = error_of(exception);
    if (error.kind == Error::Kind::read_only) {
      throw Failure{Exit::refused,
                    in_quotes(destination_.given) + " does not let this store in",
                    {error.message, "the key of this store is " + own},
                    {"let its owner run: ukstore key trust " + own}};
    }
    if (error.kind == Error::Kind::unsupported) {
      throw Failure{Exit::user_error,
                    in_quotes(destination_.given) + " speaks another version of the protocol",
                    {error.message},
                    {"see which version this is, and bring the older one up to date: "
                     "ukstore --version"}};
    }
    if (error.kind == Error::Kind::limit) {
      throw Failure{Exit::unreachable,
                    in_quotes(destination_.given) + " has too many guests",
                    {error.message},
                    {"run the command again in a while"}};
    }
    fail(exception, "cannot log in to " + in_quotes(destination_.given));
  }
}

kj::Promise<void> Contact::watch(Progress& progress, std::function<Done()> done) {
  return
      [](Contact& contact, Progress& progress, std::function<Done()> done) -> libos_kj::Task<void> {
        kj::Timer& timer = contact.dialler_.loop().timer();
        uint64_t before = contact.bytes();
        kj::TimePoint heard = timer.now();
        for (;;) {
          co_await timer.afterDelay(kTick);
          const uint64_t bytes = contact.bytes();
          if (bytes != before) heard = timer.now();
          before = bytes;
          if (timer.now() - heard > contact.dialler_.silence_max()) {
            kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "the peer is silent"));
          }
          const Done so_far = done ? done() : Done{};
          progress.total(so_far.total);
          progress.bytes(bytes);
          progress.look(so_far.done);
        }
      }(*this, progress, std::move(done));
}

void Contact::fail(const kj::Exception& exception, const std::string& doing) const {
  throw peer_failure(exception, doing);
}

}  // namespace ukstore::cli
