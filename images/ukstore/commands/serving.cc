// serve: this store for others.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/event_loop.h>
#include <ukstore/images/ukstore/hosting.h>
#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/moves.h>
#include <ukstore/images/ukstore/peer_failure.h>
#include <ukstore/images/ukstore/shell.h>
#include <ukstore/sync/errors.h>
#include <ukstore/sync/listener.h>
#include <ukstore/sync/rights.h>

#include <unistd.h>

#include <array>
#include <set>
#include <thread>

namespace ukstore::cli {
namespace {

// Who may come in, and do what: what the rights of the store say, and what anyone may.  What
// another process grants or revokes meanwhile is seen.
class Guests {
 public:
  Guests(Context& context, Repo& repo, Right anyone)
      : context_(context), repo_(repo), rights_(repo), anyone_(anyone) {}

  Right right(const Peer& peer, BytesView branch) const {
    const Right granted = get_or_throw(rights_.of(peer.fingerprint, branch));
    return is_inner(branch) ? granted : std::max(granted, anyone_);
  }
  bool welcomes(const Peer& peer) {
    if (anyone_ != Right::none || get_or_throw(rights_.knows(peer.fingerprint))) return true;
    if (refused_.insert(peer.fingerprint).second) {
      tell(context_, {{"event", "refused"}, {"fingerprint", peer.fingerprint}},
           "refused a key that is not trusted.  To let it in: ukstore key trust " +
               peer.fingerprint);
    }
    return false;
  }
  Peer peer(const Bytes& fingerprint) const {
    return {fingerprint, peers_of(repo_.store()).name_of(fingerprint)};
  }

 private:
  Context& context_;
  Repo& repo_;
  const Rights rights_;
  const Right anyone_;
  std::set<Bytes> refused_;
};

Right right_of(const std::string& word) {
  return word == "merge" ? Right::merge : word == "read" ? Right::read : Right::none;
}

// HOST:PORT of what the user gave: a host, a port, or both.
std::string place_of(const std::string& given) {
  const bool port_alone = given.find_first_not_of("0123456789") == std::string::npos;
  if (port_alone) return "localhost:" + given;
  const size_t bracket = given.rfind(']') == std::string::npos ? 0 : given.rfind(']');
  if (given.find(':', bracket) != std::string::npos) return given;
  return given + ":" + std::string(kDefaultPort);
}

// What others call this host.
std::string host_of(const std::string& place) {
  const std::string host = place.substr(0, place.rfind(':'));
  if (host != "*" && host != "0.0.0.0" && host != "[::]") return host;
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

kj::Own<kj::ConnectionReceiver> listen_at(EventLoop& loop, const std::string& given,
                                          const std::string& place) {
  try {
    return loop.network().parseAddress(place.c_str()).wait(loop.scope())->listen();
  } catch (const kj::Exception& exception) {
    throw Failure{Exit::io,
                  "cannot listen at " + in_quotes(given),
                  {reason_of(exception)},
                  {"let the system choose a port: ukstore serve --listen localhost:0"}};
  }
}

// A command that runs beside the service, which ends with it.
class Beside {
 public:
  Beside(std::string command, const std::string& address) : command_(std::move(command)) {
    auto ended = kj::newPromiseAndCrossThreadFulfiller<int>();
    ended_ = kj::mv(ended.promise);
    fulfiller_ = kj::mv(ended.fulfiller);
    thread_ = std::thread([this, address] {
      int status = 127;
      try {
        status = run_shell(command_, "", {{"UKSTORE_ADDRESS", address}});
      } catch (const Failure&) {
        // There is no shell: 127 says so.
      }
      fulfiller_->fulfill(kj::cp(status));
    });
  }
  ~Beside() { thread_.join(); }
  Beside(const Beside&) = delete;

  kj::Promise<void> ended() {
    return ended_.then([this](int status) { status_ = status; });
  }
  Exit outcome() const {
    if (status_ == 0) return Exit::done;
    throw Failure{Exit::user_error,
                  "the command " + in_quotes(command_) + " failed",
                  {"it ended with exit code " + std::to_string(status_)},
                  {"try it alone, while this runs: ukstore serve"}};
  }

 private:
  const std::string command_;
  kj::Promise<int> ended_ = nullptr;
  kj::Own<kj::CrossThreadPromiseFulfiller<int>> fulfiller_;
  int status_ = 0;
  std::thread thread_;
};

void print_address(Context& context, const std::string& address, const Bytes& fingerprint) {
  if (context.out().is_json()) {
    context.out().object(
        {{"event", "listening"}, {"address", address}, {"fingerprint", fingerprint}});
  } else {
    context.out().line(address);
  }
  context.out().flush();
}

Exit serve_store(Context& context, const Arguments& arguments) {
  Repo& repo = context.repo(Access::write);
  EventLoop loop;
  const Identity identity = own_identity(repo.store(), context.store_folder());
  SecureTransport transport(identity);
  Guests guests(context, repo, right_of(arguments.option("anyone").value_or("none")));
  Host host(repo, {.store_id = identity.store_id(),
                   .right = [&](const Peer& peer,
                                BytesView branch) { return guests.right(peer, branch); },
                   .welcome = [&](const Peer& peer) { return guests.welcomes(peer); },
                   .now_ms = [&] { return context.now_ms(); },
                   .timer = &loop.timer()});
  ListenOptions options;
  options.peer = [&](const Bytes& fingerprint) { return guests.peer(fingerprint); };
  Listener listener(host, transport, loop.timer(), std::move(options));
  const std::string given = arguments.option("listen").value_or("localhost");
  const std::string place = place_of(given);
  auto receiver = listen_at(loop, given, place);
  const std::string address = "uk://" + identity.fingerprint() + "@" + host_of(place) + ":" +
                              std::to_string(receiver->getPort());
  print_address(context, address, identity.fingerprint());
  set_phase(Phase::following);
  kj::Promise<void> serving = listener.listen(*receiver);
  kj::Promise<void> moves = print_moves(context, repo.store(), host.signal());
  auto all = serving.exclusiveJoin(kj::mv(moves));
  std::optional<Beside> beside;
  if (const auto command = arguments.option("exec")) {
    beside.emplace(*command, address);
    all = all.exclusiveJoin(beside->ended());
  }
  try {
    all.wait(loop.scope());
  } catch (const kj::Exception& exception) {
    throw peer_failure(exception, "cannot go on serving");
  }
  return beside->outcome();
}

}  // namespace

std::vector<Command> serve_commands() {
  return {
      {.name = "serve",
       .usage = "",
       .summary = "serves this store to those whose keys it trusts, and prints its address",
       .more = "The connection is TLS 1.3, and both ends prove their keys.  A peer whose key is "
               "trusted (ukstore key trust) may\nread all branches and merge into them.  ctrl-C "
               "ends it; whoever was pulling goes on later.",
       .options = {{"listen", 0, "ADDR",
                    "HOST:PORT, a host, or a port; localhost:7420.  A port "
                    "of 0 is a free one, a host of * every network"},
                   {"anyone",
                    0,
                    "RIGHT",
                    "what a peer may do that is not trusted",
                    {"none", "read", "merge"}},
                   {"exec", 0, "CMD",
                    "runs a shell command with UKSTORE_ADDRESS, and ends with "
                    "it"}},
       .example = {"ukstore set a 1 --quiet",
                   "ukstore serve --listen localhost:0 --anyone read --exec 'ukstore clone "
                   "$UKSTORE_ADDRESS copy > cloned' | cut -c 1-5",
                   "uk://\n"},
       .run = serve_store},
  };
}

}  // namespace ukstore::cli
