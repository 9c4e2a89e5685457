#include <ukstore/images/ukstore/files.h>

#include <ukstore/images/ukstore/failure.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ukstore::cli {
namespace {

Failure file_failure(const std::string& what, const std::string& name, int error) {
  const Exit exit = error == ENOENT                      ? Exit::not_found
                    : error == ENOSPC || error == EDQUOT ? Exit::full
                                                         : Exit::io;
  return {exit,
          what + " " + in_quotes(name),
          {std::strerror(error)},
          {exit == Exit::full ? "make room, or write elsewhere: df -h"
                              : "see what is there: ls -ld " + shell_word(name)}};
}

}  // namespace

NewFile::NewFile(std::string name, std::filesystem::path path, int out)
    : name_(std::move(name)), path_(std::move(path)) {
  if (name_ == "-") {
    fd_ = out;
    return;
  }
  // A device or pipe is written as it is.
  struct stat about{};
  if (stat(path_.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) throw file_failure("cannot write", name_, errno);
    owned_ = true;
    return;
  }
  unfinished_.emplace(path_.string() + ".unfinished");
  owned_ = true;
  fd_ = ::open(unfinished_->path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) throw file_failure("cannot write", name_, errno);
}

NewFile::~NewFile() {
  if (owned_ && fd_ >= 0) ::close(fd_);
}

void NewFile::write(BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw file_failure("cannot write", name_, errno);
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

void NewFile::finish() {
  if (!unfinished_) return;
  const bool closed = fsync(fd_) == 0;
  const int error = errno;
  ::close(fd_);
  fd_ = -1;
  if (!closed) throw file_failure("cannot write", name_, error);
  if (::rename(unfinished_->path().c_str(), path_.c_str()) != 0) {
    throw file_failure("cannot write", name_, errno);
  }
  unfinished_->finished();
}

OldFile::OldFile(std::string name, const std::filesystem::path& path, int in)
    : name_(std::move(name)), owned_(name_ != "-") {
  fd_ = owned_ ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC) : in;
  if (fd_ < 0) throw file_failure("cannot read", name_, errno);
}

OldFile::~OldFile() {
  if (owned_) ::close(fd_);
}

size_t OldFile::read(std::span<char> to) {
  for (;;) {
    const ssize_t size = ::read(fd_, to.data(), to.size());
    if (size >= 0) return static_cast<size_t>(size);
    if (errno != EINTR) throw file_failure("cannot read", name_, errno);
  }
}

uint64_t OldFile::size() const {
  struct stat about{};
  return fstat(fd_, &about) == 0 && S_ISREG(about.st_mode) ? static_cast<uint64_t>(about.st_size)
                                                           : 0;
}

}  // namespace ukstore::cli
