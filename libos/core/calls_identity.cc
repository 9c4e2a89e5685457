// Who and where we are, and chance.

#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include <cstring>
#include <string_view>

#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/frames.h>
#include <ukstore/libos/core/program_stack.h>
#include <ukstore/libos/core/random.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

constexpr uint64_t kDescriptorsLimit = 64;

void copy(char* to, std::string_view text) { std::memcpy(to, text.data(), text.size() + 1); }

// glibc refuses a kernel that says it is older than 3.2.
int64_t call_uname(const SyscallFrame& f) {
  auto* name = reinterpret_cast<new_utsname*>(f.rdi);
  std::memset(name, 0, sizeof *name);
  copy(name->sysname, "Linux");
  copy(name->nodename, "ukstore");
  copy(name->release, "6.1.0-ukstore");
  copy(name->version, "libos");
  copy(name->machine, "x86_64");
  return 0;
}

int64_t call_prlimit(const SyscallFrame& f) {
  struct Limit {
    uint64_t now, max;
  };
  auto* old = reinterpret_cast<Limit*>(f.r10);
  if (!old) return 0;
  *old = {UINT64_MAX, UINT64_MAX};
  if (f.rsi == RLIMIT_STACK) *old = {program_stack_bytes(), program_stack_bytes()};
  if (f.rsi == RLIMIT_NOFILE) *old = {kDescriptorsLimit, kDescriptorsLimit};
  if (f.rsi == RLIMIT_CORE) *old = {0, 0};
  return 0;
}

int64_t call_sysinfo(const SyscallFrame& f) {
  auto* info = reinterpret_cast<struct sysinfo*>(f.rdi);
  std::memset(info, 0, sizeof *info);
  MemoryCounters memory = memory_counters();
  info->uptime = static_cast<long>(monotonic_ns() / 1'000'000'000);
  info->totalram = memory.frames_total * kPageBytes;
  info->freeram = memory.frames_free * kPageBytes;
  info->procs = static_cast<uint16_t>(thread_count());
  info->mem_unit = 1;
  return 0;
}

int64_t call_getrandom(const SyscallFrame& f) {
  random_fill(reinterpret_cast<std::byte*>(f.rdi), f.rsi);
  return static_cast<int64_t>(f.rsi);
}

int64_t call_getpid(const SyscallFrame&) { return 1; }
int64_t call_zero(const SyscallFrame&) { return 0; }

}  // namespace

Call identity_call(uint64_t number) {
  switch (number) {
    case __NR_uname:
      return call_uname;
    case __NR_prlimit64:
      return call_prlimit;
    case __NR_sysinfo:
      return call_sysinfo;
    case __NR_getrandom:
      return call_getrandom;
    case __NR_getpid:
      return call_getpid;
    case __NR_getppid:
    case __NR_getuid:
    case __NR_geteuid:
    case __NR_getgid:
    case __NR_getegid:
    case __NR_umask:
      return call_zero;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
