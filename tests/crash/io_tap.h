#pragma once
// What LMDB does to its data file, seen and meddled with at the system calls.
//
// The test binary defines pwrite, writev, fdatasync and so on, so that LMDB's calls come here
// first.  There is one tap for the process, as there is one kernel.  Only files named data.mdb are
// tapped.  Flushes are not passed on: what a power cut leaves is decided by the trace, and the
// tests need no disk.

#include <ukstore/store/bytes.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace ukstore::tests {

struct IoOp {
  enum class Kind {
    write,  // reaches the disk at any time until the next flush, in any order, sector by sector
    write_sync,  // the same through O_DSYNC: it alone is on the disk on return
    flush,       // all writes before are on the disk on return
  };
  Kind kind;
  uint64_t offset = 0;
  Bytes data;
};

class IoTap {
 public:
  static IoTap& of_this_process();

  // Records from here on, and gives back what was recorded.
  void start_recording();
  std::vector<IoOp> stop_recording();
  size_t recorded() const;

  // `skipped` leaves flushes (not writes through O_DSYNC) out of the recording: a program that
  // forgets them.
  enum class Flushes { kept, skipped };
  void set_flushes(Flushes flushes);

  // The call after `after` more of them fails so, and all later ones until `stop_faults`, if
  // `Repeat::yes`.
  enum class Fault { eio, enospc, short_write };
  enum class Repeat { no, yes };
  void fail_after(uint64_t after, Fault fault, Repeat repeat);
  void stop_faults();
  // Calls since the faults were last set or stopped, and whether one was made to fail.
  uint64_t calls() const;
  bool has_failed() const;
  IoOp::Kind failed_kind() const;
  // Whether what failed was a write of zeros alone: growing ahead, which nobody waits for.
  bool failed_growing() const;

  // For the interposed functions.
  void opened(int fd, bool synchronous);
  void closed(int fd);
  std::optional<bool> synchronous(int fd) const;  // nullopt: not tapped
  void note(IoOp op);
  std::optional<Fault> next_fault(const IoOp& op);

 private:
  struct Descriptor {
    int fd;
    bool synchronous;
  };
  mutable std::mutex mutex_;
  std::vector<Descriptor> descriptors_;
  bool recording_ = false;
  Flushes flushes_ = Flushes::kept;
  std::vector<IoOp> ops_;
  std::optional<uint64_t> fault_after_;
  Fault fault_ = Fault::eio;
  Repeat repeat_ = Repeat::no;
  uint64_t calls_ = 0;
  bool failed_ = false;
  IoOp::Kind failed_kind_ = IoOp::Kind::write;
  bool failed_growing_ = false;
};

}  // namespace ukstore::tests
