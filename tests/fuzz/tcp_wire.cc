// Any bytes as a TCP segment: parsing survives, and what is emitted parses to the same value.

#include <ukstore/libos/net/wire/tcp.h>
#include <cassert>

using namespace ukstore::net;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto view = TcpView::check(std::as_bytes(std::span(data, size)));
  if (!view) return 0;
  assert(view->header_bytes() + view->payload().size() == size);
  TcpHeader header = view->parse();
  to_string(header, view->payload().size());
  if (header.wire_bytes() > TcpHeader::kBytesMax) return 0;
  std::byte out[TcpHeader::kBytesMax];
  size_t written = header.emit(out);
  auto again = TcpView::check(std::span<const std::byte>(out, written));
  assert(again && again->parse() == header);
  return 0;
}
