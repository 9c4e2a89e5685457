#include <ukstore/images/ukstore/peer_failure.h>

#include <ukstore/store/tree.h>
#include <ukstore/sync/errors.h>

#include <string_view>

namespace ukstore::cli {
namespace {

constexpr std::string_view kRemote = "remote exception: ";
constexpr std::string_view kAgain = "run the command again: it goes on where it stopped";

std::string text_of(const kj::Exception& exception) { return exception.getDescription().cStr(); }

bool is_from_peer(const kj::Exception& exception) {
  return text_of(exception).starts_with(kRemote);
}

// Whether one of our libraries made it: then its text begins with a kind.
bool is_error(const kj::Exception& exception) {
  const std::string text = text_of(exception);
  return error_of(exception).kind != Error::Kind::io ||
         text.find("io: ") == (is_from_peer(exception) ? kRemote.size() : 0);
}

Failure from_peer(const Error& error, std::string doing) {
  Failure failure{Exit::unreachable, std::move(doing), {"the peer says: " + error.message}, {}};
  switch (error.kind) {
    case Error::Kind::not_found:
      failure.exit = Exit::refused;
      failure.hints = {"ask its owner for the right: ukstore key show tells your fingerprint"};
      break;
    case Error::Kind::corrupt:
      failure.exit = Exit::corrupt;
      failure.hints = {
          "nothing of it was kept there; see whether this store is whole: "
          "ukstore fsck --deep"};
      break;
    case Error::Kind::full:
    case Error::Kind::limit:
      failure.exit = Exit::full;
      failure.hints = {"make room at the peer, then " + std::string(kAgain)};
      break;
    case Error::Kind::locked:
      failure.exit = Exit::locked;
      failure.hints = {"wait until the other writer there is done, then " + std::string(kAgain)};
      break;
    case Error::Kind::read_only:
    case Error::Kind::io:
      failure.exit = Exit::io;
      failure.hints = {"see there what the disk and the permissions say: ukstore fsck"};
      break;
    default:
      failure.hints = {std::string(kAgain)};
  }
  return failure;
}

}  // namespace

std::string reason_of(const kj::Exception& exception) {
  std::string text = text_of(exception);
  for (const std::string_view lead : {"gai_strerror(status) = ", "): ", "remote exception: "}) {
    if (const size_t at = text.rfind(lead); at != std::string::npos) {
      text = text.substr(at + lead.size());
    }
  }
  return printable(text.substr(0, text.find(';')));
}

Failure unreachable(const kj::Exception& exception, const std::string& address,
                    const std::string& host_and_port) {
  const std::string text = text_of(exception);
  Failure failure{Exit::unreachable, "cannot reach " + in_quotes(address), {}, {}};
  const std::string host = host_and_port.substr(0, host_and_port.rfind(':'));
  if (text.find("DNS lookup failed") != std::string::npos) {
    failure.causes = {"there is no host " + in_quotes(host) + ": " + reason_of(exception)};
    failure.hints = {"see whether it is found: getent hosts " + shell_word(host)};
  } else if (exception.getType() == kj::Exception::Type::OVERLOADED) {
    failure.causes = {"there was no answer in time"};
    failure.hints = {"see whether it is up: ping -c 1 " + shell_word(host),
                     "or wait longer: --timeout 60"};
  } else if (text.find("connect") != std::string::npos) {
    failure.causes = {reason_of(exception)};
    failure.hints = {"start it there: ukstore serve --listen " + shell_word(host_and_port)};
  } else {
    failure.causes = {"what listens there does not talk as a store of ukstore does: " +
                      reason_of(exception)};
    failure.hints = {"see what it is: curl -v http://" + shell_word(host_and_port),
                     "serve a store there: ukstore serve --listen " + shell_word(host_and_port)};
  }
  return failure;
}

Failure peer_failure(const kj::Exception& exception, std::string doing) {
  if (is_error(exception)) {
    const Error error = error_of(exception);
    if (is_from_peer(exception)) return from_peer(error, std::move(doing));
    Failure failure = failure_of(error, std::move(doing));
    if (error.kind == Error::Kind::corrupt && error.message.starts_with("from a peer: ")) {
      failure.hints = {"nothing of it was kept; let the peer's owner look: ukstore fsck --deep"};
    }
    if (error.kind == Error::Kind::full) {
      failure.hints = {"make room (df -h shows where), then " + std::string(kAgain)};
    }
    return failure;
  }
  if (exception.getType() == kj::Exception::Type::OVERLOADED) {
    return {Exit::unreachable,
            std::move(doing),
            {"the peer has been silent for too long"},
            {std::string(kAgain), "or wait longer: --timeout 600"}};
  }
  return {Exit::unreachable,
          std::move(doing),
          {"the connection was lost: " + reason_of(exception)},
          {std::string(kAgain)}};
}

}  // namespace ukstore::cli
