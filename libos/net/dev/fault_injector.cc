#include <ukstore/libos/net/dev/fault_injector.h>

namespace ukstore::net {

FaultInjector::FaultInjector(Device& inner, uint64_t seed, const LinkQuality& incoming,
                             const LinkQuality& outgoing)
    : inner_(inner), random_(seed), incoming_(incoming), outgoing_(outgoing) {}

std::optional<Frame> FaultInjector::receive(Time now) {
  if (again_) return std::exchange(again_, std::nullopt);
  if (!held_.empty() && held_.front().frames_to_wait == 0) {
    Frame frame = std::move(held_.front().frame);
    held_.pop_front();
    return frame;
  }
  for (;;) {
    std::optional<Frame> frame = inner_.receive(now);
    if (!frame) {
      // Nothing more comes now that could overtake: what is held goes on.
      for (Held& held : held_) held.frames_to_wait = 0;
      if (held_.empty()) return std::nullopt;
      Frame late = std::move(held_.front().frame);
      held_.pop_front();
      return late;
    }
    for (Held& held : held_)
      if (held.frames_to_wait > 0) --held.frames_to_wait;
    Fate fate = decide(incoming_, random_);
    if (fate.copies == 0) continue;
    if (fate.corrupted && !frame->data.empty()) {
      std::vector<std::byte> copy(frame->data.bytes().begin(), frame->data.bytes().end());
      corrupt(copy, random_);
      frame = Frame{Buf::copy_of(copy), FrameMeta{}};
    }
    if (fate.copies == 2) again_ = frame;
    if (fate.delay > incoming_.delay && incoming_.reordering > 0) {
      held_.push_back({std::move(*frame), static_cast<uint8_t>(1 + random_.below(3))});
      continue;
    }
    return frame;
  }
}

SendResult FaultInjector::send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  Fate fate = decide(outgoing_, random_);
  if (fate.copies == 0) return SendResult::sent;
  if (fate.corrupted) {
    std::vector<std::byte> copy;
    for (ByteSpan piece : pieces) append(copy, piece);
    corrupt(copy, random_);
    ByteSpan all(copy);
    return inner_.send(now, std::span(&all, 1), meta);
  }
  SendResult result = inner_.send(now, pieces, meta);
  if (fate.copies == 2 && result == SendResult::sent) return inner_.send(now, pieces, meta);
  return result;
}

}  // namespace ukstore::net
