#include <ukstore/images/node/machine_platform.h>

#include <ukstore/libos/core/counters.h>
#include <ukstore/libos/kj/machine_driver.h>
#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/task.h>
#include <ukstore/store/lmdb_backend.h>

#include <sys/random.h>
#include <sys/socket.h>

#include <cstdio>

namespace ukstore::node {
namespace {

using libos::Counters;
using libos_kj::Task;

constexpr uint64_t kFrameBytes = 4096;
constexpr kj::Duration kLookAtConsole = 200 * kj::MILLISECONDS;

Counters machine_counters() {
  Counters counters{};
  libos::machine_call(libos::kCountersCall, reinterpret_cast<uint64_t>(&counters), sizeof counters);
  return counters;
}

class MachinePlatform final : public Platform {
 public:
  MachinePlatform(const Config& config, std::unique_ptr<libos_kj::FrameDevice> device,
                  const net::StackConfig& stack)
      : config_(config),
        loop_(port_),
        scope_(loop_),
        device_(std::move(device)),
        stack_(*device_, stack, libos_kj::machine_now()),
        events_(stack_, libos_kj::machine_now),
        driver_(port_, events_),
        network_(events_) {}

  kj::WaitScope& scope() override { return scope_; }
  kj::Network& network() override { return network_; }
  kj::Timer& timer() override { return port_.timer(); }
  uint64_t random() override {
    uint64_t value = 0;
    KJ_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
    return value;
  }
  int64_t now_ms() override {
    if (libos::machine_call(libos::kClockStateCall) != 1) return 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  // The disk is the data file itself.
  Result<std::unique_ptr<Backend>> open_backend() override {
    return open_lmdb_backend({.path = config_.store.empty() ? "/disk" : config_.store,
                              .layout = LmdbOptions::Layout::single_file,
                              .create = LmdbOptions::Create::yes});
  }

  void watch_liveness(kj::AsyncIoStream& stream) override {
    const int on = 1;
    stream.setsockopt(SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  kj::Promise<void> stop_asked() override { return until_told(); }

  std::string_view form() const override { return "machine"; }
  void measure(Metrics& to) override {
    const Counters now = machine_counters();
    to.gauge("ukstore_memory_bytes", "Memory that is in use.",
             (now.frames_total - now.frames_free) * kFrameBytes);
    to.gauge("ukstore_memory_total_bytes", "Memory of the machine.",
             now.frames_total * kFrameBytes);
    to.gauge("ukstore_memory_committed_bytes", "Memory that was promised.",
             now.frames_committed * kFrameBytes);
    to.counter("ukstore_disk_flushes_total", "Flushes of the disk.", now.disk_flushes);
    to.counter("ukstore_disk_errors_total", "Requests that the disk failed.", now.disk_errors);
    to.counter("ukstore_disk_requests_total", "Requests to the disk.", now.disk_requests);
    to.counter("ukstore_disk_read_bytes_total", "Bytes read from the disk.", now.disk_bytes_read);
    to.counter("ukstore_disk_written_bytes_total", "Bytes written to the disk.",
               now.disk_bytes_written);
    to.counter("ukstore_cache_hits_total", "Pages of the disk found in memory.", now.cache_hits);
    to.counter("ukstore_cache_misses_total", "Pages of the disk not found.", now.cache_misses);
    to.counter("ukstore_cache_evictions_total", "Pages of the disk given up.", now.cache_evictions);
    to.counter("ukstore_page_faults_total", "Page faults.", now.page_faults);
    to.counter("ukstore_system_calls_total", "System calls.", now.system_calls);
    to.counter("ukstore_interrupts_total", "Interrupts.", now.interrupts);
    to.counter("ukstore_frames_dropped_total", "Frames that found no room.", now.frames_dropped);
    to.counter("ukstore_device_faults_total", "Values of devices that were not believed.",
               now.device_faults);
    to.gauge("ukstore_threads", "Threads.", now.threads);
    measure_stack(stack_, to);
  }
  void say(std::string_view line) override {
    std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
  }

 private:
  // Nothing tells that the console has something to read: look now and then.
  Task<void> until_told() {
    std::string line;
    char bytes[64];
    for (;;) {
      const long count = libos::machine_call(libos::kConsoleReadCall,
                                             reinterpret_cast<uint64_t>(bytes), sizeof bytes);
      for (long i = 0; i < count; ++i) {
        const bool ends = bytes[i] == '\n' || bytes[i] == '\r';
        if (ends && line == "stop") co_return;
        if (ends || line.size() >= sizeof bytes) line.clear();
        if (!ends) line += bytes[i];
      }
      co_await port_.timer().afterDelay(kLookAtConsole);
    }
  }

  const Config& config_;
  libos_kj::EventPort port_;
  kj::EventLoop loop_;
  kj::WaitScope scope_;
  std::unique_ptr<libos_kj::FrameDevice> device_;
  net::Stack stack_;
  libos_kj::StackEvents events_;
  libos_kj::MachineDriver driver_;
  libos_kj::StackNetwork network_;
};

}  // namespace

Result<std::unique_ptr<Platform>> open_machine(const Config& config) {
  auto stack = stack_config(config);
  if (!stack) return pass_on(stack);
  // A small machine keeps a small share for packets.
  stack->tcp.memory_bytes_max = machine_counters().frames_total * kFrameBytes / 8;
  auto device = libos_kj::FrameDevice::open();
  if (!device) return fail(Error::Kind::io, "the machine has no network device");
  return std::make_unique<MachinePlatform>(config, std::move(device), *stack);
}

}  // namespace ukstore::node
