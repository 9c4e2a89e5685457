#include <ukstore/images/node/counted_stream.h>

namespace ukstore::node {
namespace {

class CountedStream final : public kj::AsyncIoStream {
 public:
  CountedStream(kj::Own<kj::AsyncIoStream> inner, Traffic& traffic)
      : inner_(kj::mv(inner)), traffic_(traffic) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return inner_->tryRead(buffer, least, most).then([this](size_t count) {
      traffic_.bytes_in += count;
      return count;
    });
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    traffic_.bytes_out += size;
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (auto piece : pieces) traffic_.bytes_out += piece.size();
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner_->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner_->setsockopt(level, option, value, length);
  }
  void getsockname(struct sockaddr* address, kj::uint* length) override {
    inner_->getsockname(address, length);
  }
  void getpeername(struct sockaddr* address, kj::uint* length) override {
    inner_->getpeername(address, length);
  }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  Traffic& traffic_;
};

}  // namespace

kj::Own<kj::AsyncIoStream> counted(kj::Own<kj::AsyncIoStream> stream, Traffic& traffic) {
  return kj::heap<CountedStream>(kj::mv(stream), traffic);
}

}  // namespace ukstore::node
