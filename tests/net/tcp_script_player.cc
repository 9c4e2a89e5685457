// The player: carries out a script against a subject.

#include <sstream>

#include "tcp_script.h"

namespace ukstore::net::script {
namespace {

// Close below the wrap, so that every script crosses it sooner or later.
constexpr SeqNumber kPeerIss{0xffff'ff00};

class Player {
 public:
  Player(const Script& script, Subject& subject) : script_(script), subject_(subject) {}

  std::string run() {
    for (const auto& [key, value] : script_.config) subject_.configure(key, value);
    last_ = subject_.now();
    for (const Event& event : script_.events) {
      std::string problem = step(event);
      if (!problem.empty()) {
        return script_.name + ":" + std::to_string(event.line) + ": " + problem + "\n" +
               trace_.str();
      }
    }
    auto rest = subject_.next_out(subject_.now());
    if (rest)
      return script_.name + ": at the end, unexpected " + describe(*rest) + "\n" + trace_.str();
    return "";
  }

 private:
  std::string step(const Event& event) {
    switch (event.verb) {
      case Verb::in:
        return send(event);
      case Verb::out:
        return receive(event);
      case Verb::quiet:
        return stay_quiet(event);
      case Verb::at_most:
        return count_out(event);
      case Verb::batch:
        batch_ = Subject::Batch::more;
        return "";
      case Verb::end:
        return end_batch();
      case Verb::call:
        pass(event.low);
        return call(event);
      case Verb::expect:
        pass(event.low);
        return expect(event);
    }
    return "?";
  }

  void pass(Duration time) {
    last_ += time;
    subject_.advance(last_);
    last_ = subject_.now();
  }

  // --- Segments in ----------------------------------------------------------------------------

  std::string send(const Event& event) {
    pass(event.low);
    for (uint32_t i = 0; i < event.count; ++i) inject(event.segment, batch_);
    return "";
  }

  void inject(const SegmentLine& line, Subject::Batch batch) {
    TcpHeader header{.source_port = subject_.remote_port(),
                     .destination_port = subject_.local_port(),
                     .seq = kPeerIss + static_cast<uint32_t>(line.seq),
                     .flags = line.flags,
                     .window = static_cast<uint16_t>(line.window.value_or(65535)),
                     .urgent = line.urgent.value_or(0)};
    if (line.ack) header.ack = iss_ + static_cast<uint32_t>(*line.ack);
    if (line.options) header.options = options_of(*line.options);
    std::string payload =
        line.length > 0 ? stream_bytes(static_cast<uint64_t>(line.seq), line.length) : "";
    note("in ", header, payload.size());
    subject_.inject(header, std::move(payload), batch);
  }

  TcpOptions options_of(const SegmentLine::Options& line) const {
    TcpOptions options{
        .mss = line.mss, .window_shift = line.window_shift, .sack_permitted = line.sack_permitted};
    for (auto [begin, end] : line.sack) {
      options.sack.push({iss_ + static_cast<uint32_t>(begin), iss_ + static_cast<uint32_t>(end)});
    }
    if (line.has_timestamps) {
      options.timestamps = Timestamps{line.ts_value.value_or(0), line.ts_echo.value_or(heard_ts_)};
    }
    return options;
  }

  std::string end_batch() {
    batch_ = Subject::Batch::last;
    subject_.end_batch();
    return "";
  }

  // --- Segments out ---------------------------------------------------------------------------

  std::string receive(const Event& event) {
    Time low = last_ + event.low - subject_.early() - event.low / 16;
    Time high = last_ + event.high + subject_.late();
    auto seen = subject_.next_out(high);
    if (!seen) return "nothing went out";
    if (seen->header.flags.syn) iss_ = seen->header.seq;
    if (seen->header.options.timestamps) heard_ts_ = seen->header.options.timestamps->value;
    note("out", seen->header, seen->payload.size());
    last_ = seen->at;
    std::string problem = compare(event.segment, *seen);
    if (problem.empty() && seen->at < low) problem = "too early";
    return problem.empty() ? "" : problem + ": " + describe(*seen);
  }

  std::string compare(const SegmentLine& want, const Subject::Seen& seen) const {
    TcpFlags flags = seen.header.flags;
    flags.psh = want.flags.psh;  // where a write ends is nobody's business
    flags.ece = flags.cwr = false;
    if (!(flags == want.flags)) return "other flags";
    if (seen.header.seq != seq_of(want)) return "other sequence number";
    if (want.ack && seen.header.ack != kPeerIss + static_cast<uint32_t>(*want.ack)) {
      return "other acknowledgment";
    }
    if (seen.payload.size() != want.length) return "other length";
    if (want.window && seen.header.window != *want.window) return "other window";
    uint32_t position = (seen.header.seq - iss_.value).value;
    if (!seen.payload.empty() && seen.payload != stream_bytes(position, want.length)) {
      return "other payload";
    }
    return want.options ? compare_options(*want.options, seen.header.options) : "";
  }

  // An RST to a stray segment without ACK carries sequence number 0: written as -1.
  SeqNumber seq_of(const SegmentLine& want) const {
    if (want.flags.rst && want.seq == -1) return {0};
    return iss_ + static_cast<uint32_t>(want.seq);
  }

  std::string compare_options(const SegmentLine::Options& want, const TcpOptions& seen) const {
    if (want.mss != seen.mss) return "other MSS";
    if (want.sack_permitted != seen.sack_permitted) return "other SACK-permitted";
    bool wants_shift = want.any_window_shift || want.window_shift;
    if (wants_shift != seen.window_shift.has_value()) return "other window scale";
    if (want.window_shift && want.window_shift != seen.window_shift) return "other window scale";
    if (want.has_timestamps != seen.timestamps.has_value()) return "other timestamps";
    if (want.ts_echo && seen.timestamps->echo != *want.ts_echo) return "other TSecr";
    if (want.sack.size() != seen.sack.size()) return "other number of SACK blocks";
    for (size_t i = 0; i < want.sack.size(); ++i) {
      SackBlock block{kPeerIss + static_cast<uint32_t>(want.sack[i].first),
                      kPeerIss + static_cast<uint32_t>(want.sack[i].second)};
      if (!(block == seen.sack[i])) return "another SACK block";
    }
    return "";
  }

  std::string stay_quiet(const Event& event) {
    auto seen = subject_.next_out(last_ + event.low);
    if (seen) return "unexpected " + describe(*seen);
    pass(event.low);
    return "";
  }

  std::string count_out(const Event& event) {
    Time until = last_ + event.low;
    uint32_t count = 0;
    while (auto seen = subject_.next_out(until)) {
      note("out", seen->header, seen->payload.size());
      ++count;
    }
    pass(event.low);
    if (count <= event.count) return "";
    return std::to_string(count) + " segments went out";
  }

  // --- The application ------------------------------------------------------------------------

  std::string call(const Event& event) {
    trace_ << "  " << stamp() << " " << event.word << "\n";
    if (event.word == "write") {
      auto count = std::stoull(event.arguments.at(0));
      if (!subject_.write(stream_bytes(written_, count))) return "write took less";
      written_ += count;
      return "";
    }
    if (event.word == "read") {
      auto count = std::stoull(event.arguments.at(0));
      std::string bytes = subject_.read(std::max<size_t>(count, 1));
      if (bytes.size() != count) return "could read " + std::to_string(bytes.size());
      if (bytes != stream_bytes(read_, count)) return "read other bytes";
      read_ += count;
      return "";
    }
    return subject_.call(event);
  }

  std::string expect(const Event& event) {
    std::string what;
    for (const std::string& each : event.arguments) what += (what.empty() ? "" : " ") + each;
    std::string have;
    if (event.word == "state") {
      have = subject_.state();
    } else if (event.word == "failure") {
      have = subject_.failure();
    } else if (event.word == "eof") {
      return subject_.end_of_stream() ? "" : "no end of stream";
    } else {
      return "unknown expectation";
    }
    bool gone = event.word == "state" && what == "CLOSED" && have == "LISTEN";
    return have == what || gone ? "" : "it is " + have;
  }

  // --- The trace ------------------------------------------------------------------------------

  std::string stamp() {
    std::ostringstream out;
    out.setf(std::ios::fixed);
    out.precision(3);
    out << std::chrono::duration<double>(subject_.now() - Time{}).count();
    return out.str();
  }

  // With sequence numbers as the script counts them.
  std::string relative(TcpHeader header, size_t length, SeqNumber seq_base,
                       SeqNumber ack_base) const {
    header.seq = header.seq - seq_base.value;
    header.ack = header.ack - ack_base.value;
    TcpOptions& options = header.options;
    SackBlocks blocks;
    for (SackBlock block : options.sack) {
      blocks.push({block.begin - ack_base.value, block.end - ack_base.value});
    }
    options.sack = blocks;
    return to_string(header, length);
  }

  std::string describe(const Subject::Seen& seen) const {
    return relative(seen.header, seen.payload.size(), iss_, kPeerIss);
  }

  void note(std::string_view way, const TcpHeader& header, size_t length) {
    SeqNumber from = way == "out" ? iss_ : kPeerIss;
    SeqNumber to = way == "out" ? kPeerIss : iss_;
    trace_ << "  " << stamp() << " " << way << " " << relative(header, length, from, to) << "\n";
  }

  const Script& script_;
  Subject& subject_;
  std::ostringstream trace_;
  Time last_{};
  SeqNumber iss_;
  uint32_t heard_ts_ = 0;
  Subject::Batch batch_ = Subject::Batch::last;
  uint64_t written_ = 1;  // positions count the SYN
  uint64_t read_ = 1;
};

}  // namespace

std::string play(const Script& script, Subject& subject) { return Player(script, subject).run(); }

}  // namespace ukstore::net::script
