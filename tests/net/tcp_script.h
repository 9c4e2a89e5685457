#pragma once
// Segment scripts: conversations with a TCP, as text. tests/net/scripts/README.md is the manual.
//
// A script is parsed once; a player carries it out against any Subject: the pure connection in
// virtual time, a whole stack, or Linux behind a tunnel device.

#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/tcp.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::net::script {

// What a line says about a segment. Sequence numbers count from each side's initial one.
struct SegmentLine {
  TcpFlags flags;
  int64_t seq = 0;
  std::optional<int64_t> ack;
  uint32_t length = 0;
  std::optional<uint32_t> window;
  std::optional<uint16_t> urgent;

  struct Options {
    std::optional<uint16_t> mss;
    std::optional<uint8_t> window_shift;
    bool any_window_shift = false;  // out: "wscale *"
    bool sack_permitted = false;
    std::optional<uint32_t> ts_value;  // nullopt with has_timestamps: "*", any
    std::optional<uint32_t> ts_echo;   // nullopt with has_timestamps: "last", the latest heard
    bool has_timestamps = false;
    std::vector<std::pair<int64_t, int64_t>> sack;
  };
  // Written between < and >. An `out` line without them accepts any options; with them, the
  // segment carries those and no others, window scale's value and TSval excepted.
  std::optional<Options> options;
};

enum class Verb : uint8_t {
  in,     // the peer sends a segment
  out,    // the subject sends one
  quiet,  // it sends none for `low`
  batch,  // the segments up to `end` arrive together
  end,
  at_most,  // `count` or fewer segments go out within `low`; they are taken
  call,     // the application calls `word` with `arguments`
  expect,   // a statement about the connection
};

struct Event {
  Verb verb = Verb::call;
  int line = 0;
  Duration low{};   // since the event before; for `out` the earliest
  Duration high{};  // for `out` the latest
  SegmentLine segment;
  uint32_t count = 1;  // `repeat`, or the bound of `at_most`
  std::string word;
  std::vector<std::string> arguments;
};

struct Script {
  std::string name;        // of the file, without its ending
  std::string linux_line;  // "same", or "differs: WHY"
  std::vector<std::pair<std::string, std::string>> config;
  std::vector<Event> events;

  bool same_on_linux() const { return linux_line == "same"; }
};

// Throws std::runtime_error that names the line.
Script parse(std::string_view name, std::string_view text);
// The scripts in tests/net/scripts, sorted by name.
std::vector<Script> all_scripts();

// What a script runs against. Numbers are absolute here; the player translates.
class Subject {
 public:
  virtual ~Subject() = default;

  struct Seen {
    Time at;
    TcpHeader header;
    std::string payload;
  };

  virtual void configure(const std::string& key, const std::string& value) = 0;
  virtual Time now() = 0;
  // Lets time pass until `until`. What goes out meanwhile is kept.
  virtual void advance(Time until) = 0;
  // The next segment that went out or goes out not later than `until`.
  virtual std::optional<Seen> next_out(Time until) = 0;
  enum class Batch : uint8_t { last, more };
  virtual void inject(const TcpHeader& header, std::string payload, Batch batch) = 0;
  virtual void end_batch() {}

  // The application. `call` is one of the words in the manual; returns a complaint or "".
  virtual std::string call(const Event& event) = 0;
  virtual std::string read(size_t count) = 0;  // what could be read
  virtual bool write(std::string bytes) = 0;   // whether all was taken
  // The state as RFC 9293 spells it, CLOSED if there is no connection.
  virtual std::string state() = 0;
  virtual bool end_of_stream() = 0;
  // "none", "reset", "refused", "timed out", "unreachable".
  virtual std::string failure() = 0;
  // How much later than a script says a segment may come, and how much earlier.
  virtual Duration late() const = 0;
  virtual Duration early() const = 0;
  // The MSS that the link allows, for the initial sequence numbers that the player picks.
  virtual uint16_t local_port() const = 0;
  virtual uint16_t remote_port() const = 0;
};

// Carries out `script`; returns "" or what went wrong, with the line and the trace so far.
std::string play(const Script& script, Subject& subject);

// The bytes that both sides send: a function of the position in the stream alone.
std::string stream_bytes(uint64_t from, size_t count);

}  // namespace ukstore::net::script
