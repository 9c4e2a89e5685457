#pragma once
// The two small virtio devices: randomness, and the console.

#include <cstddef>
#include <span>
#include <string_view>

#include <ukstore/libos/core/virtio/ring.h>

namespace ukstore::libos {

class VirtioRandom {
 public:
  bool start(Transport& transport);
  // Fills `out` (at most a page); false if the device does not answer in full.
  bool fill(std::span<std::byte> out);

 private:
  Transport* transport_ = nullptr;
  Ring ring_;
  std::byte* page_ = nullptr;
};

// Output only, through the first port.
class VirtioConsole {
 public:
  bool start(Transport& transport);
  // Returns when the device has taken all of `text`, or is broken.
  void write(std::string_view text);

 private:
  Transport* transport_ = nullptr;
  Ring ring_;
  std::byte* page_ = nullptr;
  bool busy_ = false;  // another thread's text is on its way
};

}  // namespace ukstore::libos
