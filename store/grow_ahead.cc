#include <ukstore/store/grow_ahead.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ukstore {

void GrowAhead::committed(uint64_t used_bytes) {
  const uint64_t growth = used_bytes - std::min(used_bytes, used_bytes_);
  const bool first = used_bytes_ == 0;
  used_bytes_ = used_bytes;
  if (refused_ || first || ++commits_ < kCommitsMin) return;
  // Room for a few commits like this one has to be left; one that is large itself gains nothing.
  if (growth == 0 || growth > kStepBytesMin || used_bytes + 4 * growth < end_bytes_) return;
  struct stat about{};
  if (fstat(fd_, &about) != 0 || !S_ISREG(about.st_mode)) {
    refused_ = true;
    return;
  }
  end_bytes_ = static_cast<uint64_t>(about.st_size);
  if (used_bytes + 4 * growth < end_bytes_) return;
  append_zeros(end_bytes_, std::clamp(used_bytes / kShare, kStepBytesMin, kStepBytesMax));
}

void GrowAhead::append_zeros(uint64_t from, uint64_t bytes) {
  static constexpr std::array<char, 64 << 10> kZeros{};
  for (uint64_t end = from + bytes; from < end;) {
    const ssize_t written =
        pwrite(fd_, kZeros.data(), std::min<uint64_t>(kZeros.size(), end - from),
               static_cast<off_t>(from));
    if (written < 0 && errno == EINTR) continue;
    // A full disk, a limit on the size: what is there serves, and there will be no more.
    if (written <= 0) {
      refused_ = true;
      break;
    }
    from += static_cast<uint64_t>(written);
  }
  end_bytes_ = from;
}

}  // namespace ukstore
