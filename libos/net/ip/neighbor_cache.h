#pragma once
// Who on the link owns which address: ARP (RFC 826) and NDP (RFC 4861, section 7.3) share the
// states of neighbor unreachability detection, and the frames that wait for an answer.
//
//   1. An entry without a MAC address holds at most kHeldFramesMax frames; all of them together
//      hold at most Options::held_bytes_max bytes.
//   2. There are at most Options::entries_max entries; the one used least recently gives way.
//   3. deadline() is never later than the next solicitation or expiry.

#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/time.h>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ukstore::net {

// A frame complete but for its destination MAC address.
struct HeldFrame {
  Bytes bytes;
  FrameMeta meta;
};

// What a message says about an address.
enum class Evidence : uint8_t {
  heard,     // the owner spoke of itself in passing: believed, not proof that it hears us
  answered,  // it answered our question
};

class NeighborCache {
 public:
  struct Options {
    size_t entries_max = 1024;
    size_t held_bytes_max = 256 * 1024;
    Duration reachable = std::chrono::seconds(30);
    Duration retransmit = std::chrono::seconds(1);
    Duration delay_first_probe = std::chrono::seconds(5);
    uint8_t solicitations_max = 3;
  };
  static constexpr size_t kHeldFramesMax = 16;

  explicit NeighborCache(const Options& options) : options_(options) {}

  // The MAC address of `address`, or nullopt if it must be asked for; then hold() the frame.
  // A use of an old entry starts the check whether the neighbor is still there.
  std::optional<MacAddress> use(Time now, const IpAddress& address);

  // Keeps `frame` until the answer comes, and sees that the question is asked.  The oldest frame
  // of the same entry gives way if there are too many.
  void hold(Time now, const IpAddress& address, HeldFrame frame);

  // Takes in what was said; returns the frames that waited for it.  With `heard`, an address that
  // is not in the cache is added only if `create` says so.
  enum class Create : uint8_t { no, yes };
  std::vector<HeldFrame> learn(Time now, const IpAddress& address, const MacAddress& mac,
                               Evidence evidence, Create create);

  // A transport made progress with `address`: it is there.
  void confirm(Time now, const IpAddress& address);

  // A question due at `now`; call until nullopt.  With a MAC address, to it alone.
  struct Solicitation {
    IpAddress target;
    std::optional<MacAddress> to;
  };
  std::optional<Solicitation> next_solicitation(Time now);
  // Frames whose neighbor did not answer, with the address; call until nullopt.
  struct Unreachable {
    IpAddress target;
    std::vector<HeldFrame> frames;
  };
  std::optional<Unreachable> next_unreachable();

  Time deadline() const { return deadline_; }
  size_t size() const { return entries_.size(); }
  size_t held_bytes() const { return held_bytes_; }
  void clear();

 private:
  enum class State : uint8_t { incomplete, reachable, stale, delay, probe };
  struct Entry {
    State state = State::incomplete;
    MacAddress mac;
    uint8_t solicitations = 0;
    Time due = kNever;  // of the next question or change of state
    Time used{};
    std::vector<HeldFrame> held;
  };

  Entry& insert(Time now, const IpAddress& address);
  void set_due(Entry& entry, Time due);
  std::vector<HeldFrame> take_held(Entry& entry);

  Options options_;
  std::unordered_map<IpAddress, Entry> entries_;
  std::vector<Unreachable> unreachable_;
  size_t held_bytes_ = 0;
  Time deadline_ = kNever;
};

}  // namespace ukstore::net
