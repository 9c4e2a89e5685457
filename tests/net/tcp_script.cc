// The parser.

#include "tcp_script.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ukstore::net::script {
namespace {

struct Words {
  std::vector<std::string> list;
  size_t at = 0;

  bool done() const { return at == list.size(); }
  const std::string& peek() const { return list.at(at); }
  std::string next() {
    if (done()) throw std::runtime_error("the line ends too early");
    return list[at++];
  }
  bool accept(std::string_view word) {
    if (done() || list[at] != word) return false;
    ++at;
    return true;
  }
};

int64_t number(const std::string& text) {
  size_t used = 0;
  long long value = 0;
  try {
    value = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) throw std::runtime_error("not a number: " + text);
  return value;
}

Duration seconds(const std::string& text) {
  size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) throw std::runtime_error("not a time: " + text);
  return Duration(static_cast<int64_t>(std::llround(value * 1e6)));
}

TcpFlags flags_of(const std::string& text) {
  TcpFlags flags;
  if (text == "none") return flags;
  for (char c : text) {
    switch (c) {
      case 'F':
        flags.fin = true;
        break;
      case 'S':
        flags.syn = true;
        break;
      case 'R':
        flags.rst = true;
        break;
      case 'P':
        flags.psh = true;
        break;
      case '.':
        flags.ack = true;
        break;
      case 'U':
        flags.urg = true;
        break;
      default:
        throw std::runtime_error("unknown flags: " + text);
    }
  }
  return flags;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, by);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

void parse_option(const std::string& text, SegmentLine::Options& options) {
  Words words{split(text, ' ')};
  std::string kind = words.next();
  if (kind == "mss") {
    options.mss = static_cast<uint16_t>(number(words.next()));
  } else if (kind == "wscale") {
    options.any_window_shift = words.accept("*");
    if (!options.any_window_shift) {
      options.window_shift = static_cast<uint8_t>(number(words.next()));
    }
  } else if (kind == "sackOK") {
    options.sack_permitted = true;
  } else if (kind == "TS") {
    options.has_timestamps = true;
    if (!words.accept("*")) options.ts_value = static_cast<uint32_t>(number(words.next()));
    if (!words.accept("last")) options.ts_echo = static_cast<uint32_t>(number(words.next()));
  } else if (kind == "sack") {
    while (!words.done()) {
      std::vector<std::string> ends = split(words.next(), ':');
      if (ends.size() != 2) throw std::runtime_error("a SACK block is BEGIN:END");
      options.sack.emplace_back(number(ends[0]), number(ends[1]));
    }
  } else {
    throw std::runtime_error("unknown option: " + kind);
  }
}

SegmentLine parse_segment(Words& words, const std::optional<std::string>& options) {
  SegmentLine line;
  line.flags = flags_of(words.next());
  while (!words.done()) {
    std::string key = words.next();
    int64_t value = number(words.next());
    if (key == "seq") {
      line.seq = value;
    } else if (key == "ack") {
      line.ack = value;
    } else if (key == "len") {
      line.length = static_cast<uint32_t>(value);
    } else if (key == "win") {
      line.window = static_cast<uint32_t>(value);
    } else if (key == "urg") {
      line.urgent = static_cast<uint16_t>(value);
    } else {
      throw std::runtime_error("unknown field: " + key);
    }
  }
  if (options) {
    line.options.emplace();
    for (const std::string& each : split(*options, ',')) parse_option(each, *line.options);
  }
  return line;
}

void parse_time(const std::string& word, Event& event) {
  std::string text = word.substr(1);
  size_t dots = text.find("..");
  event.low = seconds(text.substr(0, dots));
  event.high = dots == std::string::npos ? event.low : seconds(text.substr(dots + 2));
}

Event parse_event(std::string text) {
  std::optional<std::string> options;
  size_t open = text.find('<');
  if (open != std::string::npos) {
    size_t close = text.find('>', open);
    if (close == std::string::npos) throw std::runtime_error("no > after <");
    options = text.substr(open + 1, close - open - 1);
    text.erase(open);
  }
  Words words{split(text, ' ')};
  Event event;
  if (words.peek()[0] == '+') parse_time(words.next(), event);
  std::string verb = words.next();
  if (verb == "repeat") {
    event.count = static_cast<uint32_t>(number(words.next()));
    verb = words.next();
  }
  if (verb == "in" || verb == "out") {
    event.verb = verb == "in" ? Verb::in : Verb::out;
    event.segment = parse_segment(words, options);
  } else if (verb == "quiet") {
    event.verb = Verb::quiet;
  } else if (verb == "batch") {
    event.verb = Verb::batch;
  } else if (verb == "end") {
    event.verb = Verb::end;
  } else if (verb == "atmost") {
    event.verb = Verb::at_most;
    event.count = static_cast<uint32_t>(number(words.next()));
  } else {
    event.verb = verb == "expect" ? Verb::expect : Verb::call;
    event.word = verb == "expect" ? words.next() : verb;
    while (!words.done()) event.arguments.push_back(words.next());
  }
  return event;
}

}  // namespace

Script parse(std::string_view name, std::string_view text) {
  Script script{.name = std::string(name), .linux_line = {}, .config = {}, .events = {}};
  std::stringstream in{std::string(text)};
  int line_number = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    if (line.starts_with("linux: ")) {
      script.linux_line = line.substr(7);
      continue;
    }
    line.erase(std::min(line.find('#'), line.size()));
    Words words{split(line, ' ')};
    if (words.done()) continue;
    try {
      if (words.accept("config")) {
        std::string key = words.next();
        script.config.emplace_back(key, words.next());
        continue;
      }
      script.events.push_back(parse_event(line));
      script.events.back().line = line_number;
    } catch (const std::exception& error) {
      throw std::runtime_error(script.name + ":" + std::to_string(line_number) + ": " +
                               error.what());
    }
  }
  bool differs = script.linux_line.starts_with("differs: ") && script.linux_line.size() > 12;
  if (!script.same_on_linux() && !differs) {
    throw std::runtime_error(script.name + ": needs a line 'linux: same' or 'linux: differs: WHY'");
  }
  return script;
}

std::vector<Script> all_scripts() {
  std::vector<Script> scripts;
  for (const auto& entry : std::filesystem::directory_iterator(UKSTORE_NET_TESTS "/scripts")) {
    if (entry.path().extension() != ".script") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    scripts.push_back(parse(entry.path().stem().string(), text.str()));
  }
  std::ranges::sort(scripts, {}, &Script::name);
  return scripts;
}

std::string stream_bytes(uint64_t from, size_t count) {
  constexpr size_t kPeriod = 65536 - 15;  // no multiple of any segment size
  static const std::string kCycle = [] {
    std::string cycle(kPeriod, '\0');
    for (size_t i = 0; i < kPeriod; ++i) {
      cycle[i] = static_cast<char>((i * 131 + (i >> 8) * 17) & 0xff);
    }
    return cycle;
  }();
  std::string bytes;
  bytes.reserve(count);
  for (size_t at = from % kPeriod; bytes.size() < count; at = 0) {
    bytes.append(kCycle, at, count - bytes.size());
  }
  return bytes;
}

}  // namespace ukstore::net::script
