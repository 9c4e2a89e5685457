#pragma once
// A storage node under QEMU: what it is started with.

#include <ukstore/images/ukstore/failure.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ukstore::cli {

// Where a machine's state is kept while it runs, and after it (machine_state.h).
struct MachineFiles {
  std::filesystem::path console;  // all that it has printed
  std::filesystem::path serial;   // a socket: what is written there the node reads
  std::filesystem::path end;      // "exit CODE", when it has ended
};

struct Machine {
  std::filesystem::path image, disk;
  uint64_t memory_mib = 64;
  std::string tap;  // empty: QEMU's own network, with two ports of 127.0.0.1
  uint16_t port = 0, metrics_port = 0;
  std::vector<std::string> settings;  // of the node
  MachineFiles files;
};

// Ports of the node within its machine.
constexpr uint16_t kNodePort = 7420, kMetricsPort = 9100;

std::vector<std::string> qemu_command(const Machine& machine);

// In QEMU's own network the host's 127.0.0.1 has another address.
std::string as_seen_by_guest(const std::string& peer);

// Throw a Failure that says what is missing and the command that mends it.
std::filesystem::path find_image();
void need_qemu();
void need_tap(const std::string& name);
// Makes a disk of that size if there is none.
void make_disk(const std::filesystem::path& disk, uint64_t mib);

// A port of 127.0.0.1 that is free now.
uint16_t free_port();

}  // namespace ukstore::cli
