#include <ukstore/merge/exchange/byte_stream.h>

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace ukstore {
namespace {

std::unexpected<Error> system_failure(const char* what) {
  Error::Kind kind = errno == ENOSPC || errno == EDQUOT ? Error::Kind::full
                     : errno == EPIPE                   ? Error::Kind::closed
                                                        : Error::Kind::io;
  return fail(kind, std::string(what) + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<size_t> DescriptorSource::read(std::span<char> to) {
  for (;;) {
    ssize_t taken = ::read(descriptor_, to.data(), to.size());
    if (taken >= 0) return static_cast<size_t>(taken);
    if (errno != EINTR) return system_failure("reading the input");
  }
}

Result<void> DescriptorSink::write(BytesView bytes) {
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

}  // namespace ukstore
