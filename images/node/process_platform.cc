#include <ukstore/images/node/process_platform.h>

#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/unix_driver.h>
#include <ukstore/store/lmdb_backend.h>

#include <kj/async-unix.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace ukstore::node {
namespace {

// Our stack on a TAP device, in the order in which its parts go.
struct OwnStack {
  std::unique_ptr<net::TapDevice> tap;
  net::Stack stack;
  libos_kj::StackEvents events;
  libos_kj::UnixDriver driver;
  libos_kj::StackNetwork network;

  OwnStack(std::unique_ptr<net::TapDevice> device, const net::StackConfig& config,
           kj::UnixEventPort& port)
      : tap(std::move(device)),
        stack(*tap, config, libos_kj::monotonic_now()),
        events(stack, libos_kj::monotonic_now),
        driver(port, tap->fd(), events),
        network(events) {}
};

// The numbers of a line of /proc/self/FILE that begins with a word.
uint64_t number_in_proc(const char* file, std::string_view word) {
  std::ifstream in(std::string("/proc/self/") + file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(word)) return std::strtoull(line.c_str() + word.size(), nullptr, 10);
  }
  return 0;
}

class ProcessPlatform final : public Platform {
 public:
  ProcessPlatform(const Config& config, kj::Function<void(std::string_view)> say)
      : config_(config), say_(kj::mv(say)), io_(start()) {}

  Result<void> open_tap() {
    auto stack = stack_config(config_);
    if (!stack) return pass_on(stack);
    // A MAC address of one's own: from the first address, so that two on a link differ.
    net::MacAddress mac{{0x02, 0x75, 0x6b, 0, 0, 1}};
    if (!config_.addresses.empty()) {
      std::copy_n(config_.addresses[0].address.octets.end() - 3, 3, mac.octets.begin() + 3);
    }
    auto tap = net::TapDevice::open({.name = config_.tap, .mac = mac});
    if (!tap) {
      return fail(Error::Kind::io,
                  "cannot open the TAP device " + config_.tap + ": " + tap.error());
    }
    stack_ = kj::heap<OwnStack>(std::move(*tap), *stack, io_.unixEventPort);
    return {};
  }

  kj::WaitScope& scope() override { return io_.waitScope; }
  kj::Network& network() override {
    return stack_ ? static_cast<kj::Network&>(stack_->network) : io_.provider->getNetwork();
  }
  kj::Timer& timer() override { return io_.provider->getTimer(); }
  uint64_t random() override {
    uint64_t value = 0;
    KJ_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
    return value;
  }
  int64_t now_ms() override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  Result<std::unique_ptr<Backend>> open_backend() override {
    return open_lmdb_backend({.path = config_.store, .create = LmdbOptions::Create::yes});
  }

  void watch_liveness(kj::AsyncIoStream& stream) override {
    const int on = 1;
    stream.setsockopt(SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (stack_) return;  // which was told all else at its birth
    const int idle = 10, interval = 5, probes = 3, timeout_ms = 30'000;
    stream.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    stream.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    stream.setsockopt(IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    stream.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  }
  kj::Promise<void> stop_asked() override {
    auto on = [this](int signal) { return io_.unixEventPort.onSignal(signal).ignoreResult(); };
    return on(SIGTERM).exclusiveJoin(on(SIGINT));
  }

  std::string_view form() const override { return stack_ ? "tap" : "process"; }
  void measure(Metrics& to) override {
    constexpr uint64_t kKibi = 1024;
    to.gauge("ukstore_memory_bytes", "Resident memory of the process.",
             number_in_proc("status", "VmRSS:") * kKibi);
    to.counter("ukstore_disk_written_bytes_total", "Bytes that the process caused to be written.",
               number_in_proc("io", "write_bytes:"));
    if (stack_) measure_stack(stack_->stack, to);
  }
  void say(std::string_view line) override { say_(line); }

 private:
  static kj::AsyncIoContext start() {
    kj::UnixEventPort::captureSignal(SIGTERM);
    kj::UnixEventPort::captureSignal(SIGINT);
    return kj::setupAsyncIo();
  }

  const Config& config_;
  kj::Function<void(std::string_view)> say_;
  kj::AsyncIoContext io_;
  kj::Own<OwnStack> stack_;
};

}  // namespace

Result<std::unique_ptr<Platform>> open_process(const Config& config,
                                               kj::Function<void(std::string_view)> say) {
  auto platform = std::make_unique<ProcessPlatform>(config, kj::mv(say));
  if (!config.tap.empty()) {
    if (auto opened = platform->open_tap(); !opened) return pass_on(opened);
  }
  return platform;
}

}  // namespace ukstore::node
