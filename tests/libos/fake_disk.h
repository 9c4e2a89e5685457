#pragma once
// A virtio-blk device over a fake transport, with a volatile write cache: power cuts keep any
// subset of what was not flushed, in any order, torn at sectors.

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "fake_device.h"

namespace libos_test {

class FakeDisk {
 public:
  explicit FakeDisk(size_t blocks, uint64_t seed = 1) : durable_(blocks * 4096, 0), random_(seed) {
    put_config(transport.config_bytes, 0, blocks * 8, 8);
    put_config(transport.config_bytes, 12, 126, 4);
    transport.features |= 1u << 2 | 1u << 9;
    transport.on_pause = [this] { serve(); };
  }

  FakeTransport transport;
  uint64_t requests = 0, flushes = 0;
  bool fail_writes = false, fail_flushes = false, fail_reads = false;

  // What a reader sees now.
  std::string contents() const {
    std::string all = durable_;
    for (const auto& [sector, bytes] : cache_) all.replace(sector * 512, 512, bytes);
    return all;
  }
  // The power fails: unflushed sectors survive by chance, one by one.
  std::string after_power_cut() {
    std::string all = durable_;
    for (const auto& [sector, bytes] : cache_) {
      if (random_() % 2) all.replace(sector * 512, 512, bytes);
    }
    return all;
  }
  void set_contents(std::string all) {
    durable_ = std::move(all);
    cache_.clear();
  }

  // Answers what was asked, in a random order.
  void serve() {
    DeviceQueue& queue = transport.queues[0];
    std::vector<uint16_t> heads;
    while (auto head = queue.next()) heads.push_back(*head);
    std::shuffle(heads.begin(), heads.end(), random_);
    for (uint16_t head : heads) queue.put_used(head, answer(queue.chain(head)));
    if (heads.empty()) throw std::runtime_error("the driver waits for ever");
  }

 private:
  uint32_t answer(const std::vector<ChainPart>& chain) {
    ++requests;
    uint32_t operation;
    uint64_t sector;
    std::memcpy(&operation, chain[0].bytes, 4);
    std::memcpy(&sector, chain[0].bytes + 8, 8);
    bool good = operation == 0 ? !fail_reads : operation == 1 ? !fail_writes : !fail_flushes;
    uint32_t written = 1;
    if (operation == 4 && good) flush();
    for (size_t i = 1; good && operation != 4 && i + 1 < chain.size(); ++i) {
      for (uint32_t at = 0; at < chain[i].size; at += 512, ++sector) {
        auto* bytes = reinterpret_cast<char*>(chain[i].bytes + at);
        if (operation == 0) {
          auto cached = cache_.find(sector);
          std::memcpy(
              bytes,
              cached != cache_.end() ? cached->second.data() : durable_.data() + sector * 512, 512);
          written += 512;
        } else {
          cache_[sector] = std::string(bytes, 512);
        }
      }
    }
    *chain.back().bytes = std::byte{good ? uint8_t{0} : uint8_t{1}};
    return written;
  }
  void flush() {
    ++flushes;
    for (const auto& [sector, bytes] : cache_) durable_.replace(sector * 512, 512, bytes);
    cache_.clear();
  }

  std::string durable_;
  std::map<uint64_t, std::string> cache_;
  std::mt19937_64 random_;
};

}  // namespace libos_test
