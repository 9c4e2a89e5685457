#pragma once
// Open file descriptors, which are borrowed, as sources and sinks: pipes and files.  Interrupted
// calls go on.

#include <ukstore/merge/exchange/byte_stream.h>

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace ukstore {

inline std::unexpected<Error> system_failure(const char* what) {
  return fail(Error::Kind::io, std::string(what) + ": " + std::generic_category().message(errno));
}

class DescriptorSource final : public ByteSource {
 public:
  explicit DescriptorSource(int descriptor) : descriptor_(descriptor) {}
  Result<size_t> read(std::span<char> to) override {
    for (;;) {
      ssize_t taken = ::read(descriptor_, to.data(), to.size());
      if (taken >= 0) return static_cast<size_t>(taken);
      if (errno != EINTR) return system_failure("reading the input");
    }
  }

 private:
  int descriptor_;
};

class DescriptorSink final : public ByteSink {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
  Result<void> write(BytesView bytes) override {
    while (!bytes.empty()) {
      ssize_t taken = ::write(descriptor_, bytes.data(), bytes.size());
      if (taken >= 0) {
        bytes.remove_prefix(static_cast<size_t>(taken));
      } else if (errno != EINTR) {
        return system_failure("writing the output");
      }
    }
    return {};
  }

 private:
  int descriptor_;
};

}  // namespace ukstore
