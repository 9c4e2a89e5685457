#include "weak_disk.h"

#include <endian.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace boot_test {
namespace {

// Big-endian numbers out of and into a stream.
template <typename T>
T swapped(T value) {
  if constexpr (sizeof value == 2) return htobe16(value);
  if constexpr (sizeof value == 4) return htobe32(value);
  if constexpr (sizeof value == 8) return htobe64(value);
}

struct Closed {};

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  std::string take(size_t count) {
    std::string bytes(count, 0);
    for (size_t done = 0; done < count;) {
      ssize_t got = recv(socket_, bytes.data() + done, count - done, 0);
      if (got <= 0) throw Closed();
      done += static_cast<size_t>(got);
    }
    return bytes;
  }
  template <typename T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return swapped(value);
  }
  template <typename T>
  Connection& add(T value) {
    value = swapped(value);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Connection& add_bytes(const std::string& bytes) {
    out_ += bytes;
    return *this;
  }
  void send_out() {
    for (size_t done = 0; done < out_.size();) {
      ssize_t sent = send(socket_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) throw Closed();
      done += static_cast<size_t>(sent);
    }
    out_.clear();
  }

 private:
  int socket_;
  std::string out_;
};

constexpr uint64_t kOptionMagic = 0x49484156454f5054;

void reply(Connection& peer, uint32_t option, uint32_t kind, uint32_t bytes) {
  peer.add(uint64_t{0x3e889045565a9}).add(option).add(kind).add(bytes);
}

// The fixed newstyle handshake, of which a client needs NBD_OPT_GO alone.
void shake_hands(Connection& peer, uint64_t size) {
  constexpr uint32_t kGo = 7, kAcknowledged = 1, kInformation = 3, kUnsupported = 0x80000001;
  constexpr uint16_t kFixedNewstyle = 1, kNoZeroes = 2, kHasFlags = 1, kTakesFlushes = 4;
  peer.add(uint64_t{0x4e42444d41474943})
      .add(kOptionMagic)
      .add(uint16_t{kFixedNewstyle | kNoZeroes});
  peer.send_out();
  peer.take_number<uint32_t>();
  for (;;) {
    if (peer.take_number<uint64_t>() != kOptionMagic) throw Closed();
    auto option = peer.take_number<uint32_t>();
    peer.take(peer.take_number<uint32_t>());
    if (option != kGo) {
      reply(peer, option, kUnsupported, 0);
      peer.send_out();
      continue;
    }
    reply(peer, option, kInformation, 12);
    peer.add(uint16_t{0}).add(size).add(uint16_t{kHasFlags | kTakesFlushes});
    reply(peer, option, kInformation, 14);
    peer.add(uint16_t{3}).add(uint32_t{WeakDisk::kSectorBytes}).add(uint32_t{4096});
    peer.add(uint32_t{32u << 20});
    reply(peer, option, kAcknowledged, 0);
    peer.send_out();
    return;
  }
}

}  // namespace

WeakDisk::WeakDisk(std::string contents, uint64_t seed, Flushes flushes)
    : durable_(std::move(contents)), current_(durable_), random_(seed), flushes_(flushes) {}

void WeakDisk::serve(const std::string& socket_path, uint64_t cut_at,
                     std::function<void()> power_off) {
  stop();
  changes_ = 0;
  cut_at_ = cut_at;
  power_off_ = std::move(power_off);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  unlink(socket_path.c_str());
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) ||
      listen(listener_, 1)) {
    throw std::runtime_error("cannot listen at " + socket_path);
  }
  server_ = std::thread([this] {
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    try {
      converse(connection);
    } catch (const Closed&) {
    }
    close(connection);
  });
}

void WeakDisk::stop() {
  if (!server_.joinable()) return;
  shutdown(listener_, SHUT_RDWR);
  server_.join();
  close(listener_);
}

void WeakDisk::converse(int connection) {
  constexpr uint16_t kRead = 0, kWrite = 1, kDisconnect = 2, kFlush = 3;
  Connection peer(connection);
  shake_hands(peer, durable_.size());
  for (;;) {
    if (peer.take_number<uint32_t>() != 0x25609513) throw Closed();
    peer.take_number<uint16_t>();
    auto kind = peer.take_number<uint16_t>();
    auto cookie = peer.take_number<uint64_t>(), offset = peer.take_number<uint64_t>();
    auto bytes = peer.take_number<uint32_t>();
    if (kind == kDisconnect) return;
    std::string answer;
    bool powered = true, good = offset <= durable_.size() && bytes <= durable_.size() - offset;
    if (kind == kWrite) {
      std::string data = peer.take(bytes);
      if (good) write(offset, data);
      powered = change();
    } else if (kind == kFlush) {
      powered = change();
      if (powered && flushes_ == Flushes::honoured) flush();
    } else if (kind == kRead && good) {
      answer = current_.substr(offset, bytes);
    } else {
      good = false;
    }
    if (!powered) return power_off_();
    peer.add(uint32_t{0x67446698}).add(uint32_t{good ? 0u : 22u}).add(cookie).add_bytes(answer);
    peer.send_out();
  }
}

bool WeakDisk::change() { return ++changes_ != cut_at_; }

void WeakDisk::write(uint64_t offset, const std::string& bytes) {
  current_.replace(offset, bytes.size(), bytes);
  for (size_t at = 0; at < bytes.size(); at += kSectorBytes) {
    unflushed_[(offset + at) / kSectorBytes].push_back(bytes.substr(at, kSectorBytes));
  }
}

void WeakDisk::flush() {
  for (const auto& [sector, versions] : unflushed_) {
    durable_.replace(sector * kSectorBytes, kSectorBytes, versions.back());
  }
  unflushed_.clear();
}

std::string WeakDisk::after_power_cut() {
  std::string found = durable_;
  uint64_t kept_of_four = random_() % 5;  // from nothing to everything
  for (const auto& [sector, versions] : unflushed_) {
    if (random_() % 4 >= kept_of_four) continue;
    bool newest = random_() % 2;
    const std::string& version = newest ? versions.back() : versions[random_() % versions.size()];
    found.replace(sector * kSectorBytes, kSectorBytes, version);
  }
  return found;
}

}  // namespace boot_test
