#pragma once
// A disk for QEMU that keeps no more than it has promised: what was not flushed is dropped, torn
// and reordered when the power fails.  QEMU reaches it over NBD on a Unix socket
// (https://github.com/NetworkBlockDevice/nbd, doc/proto.md).

#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace boot_test {

class WeakDisk {
 public:
  enum class Flushes { honoured, ignored };
  static constexpr size_t kSectorBytes = 512;

  WeakDisk(std::string contents, uint64_t seed, Flushes flushes = Flushes::honoured);

  // Answers one machine, whose socket this becomes, until it ends.  At the write or flush of number
  // `cut_at`, counted from 1, nothing is answered any more and `power_off` is called.
  void serve(const std::string& socket_path, uint64_t cut_at, std::function<void()> power_off);
  // After the machine's end.
  void stop();
  ~WeakDisk() { stop(); }

  // How many writes and flushes came, to the cut or the end.
  uint64_t changes() const { return changes_; }

  // What is found when the power comes back: of each sector what was flushed last, or any version
  // that was written since.
  std::string after_power_cut();

 private:
  void converse(int connection);
  // False if the power fails at it.
  bool change();
  void write(uint64_t offset, const std::string& bytes);
  void flush();

  std::string durable_, current_;
  std::map<uint64_t, std::vector<std::string>> unflushed_;  // versions of a sector, oldest first
  std::mt19937_64 random_;
  const Flushes flushes_;
  uint64_t changes_ = 0, cut_at_ = 0;
  std::function<void()> power_off_;
  int listener_ = -1;
  std::thread server_;
};

}  // namespace boot_test
