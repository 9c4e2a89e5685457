#include <ukstore/libos/core/settings.h>

namespace ukstore::libos {
namespace {

constexpr std::string_view kMmioPrefix = "virtio_mmio.device=";

// Words that Firecracker and Linux-minded monitors add; they say nothing to us.
constexpr std::string_view kForeign[] = {
    "console", "pci",         "reboot",    "panic",       "root",        "rw",           "ro",
    "quiet",   "i8042.noaux", "nomodules", "i8042.nomux", "i8042.nopnp", "i8042.dumbkbd"};

// The next word of `text` from `at`, unquoted in place and ended by NUL; nullopt at the end.
std::optional<std::string_view> next_word(char* text, size_t size, size_t& at) {
  while (at < size && text[at] == ' ') ++at;
  if (at >= size || !text[at]) return std::nullopt;
  char* out = text + at;
  char* begin = out;
  bool quoted = false;
  while (at < size && text[at] && (quoted || text[at] != ' ')) {
    if (text[at] == '"') {
      quoted = !quoted;
      ++at;
      continue;
    }
    if (text[at] == '\\' && at + 1 < size && text[at + 1]) ++at;
    *out++ = text[at++];
  }
  if (at < size) ++at;
  *out = 0;
  return std::string_view(begin, static_cast<size_t>(out - begin));
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// The number that all of `text` spells; 0x starts a hexadecimal one.
std::optional<uint64_t> number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    int digit = digit_value(c);
    if (digit >= base || value > (UINT64_MAX - 15) / 16) return std::nullopt;
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  return value;
}

// SIZE[K|M]@ADDRESS:IRQ
std::optional<MmioDevice> mmio_device(std::string_view text) {
  size_t at = text.find('@'), colon = text.find(':');
  if (at == text.npos || colon == text.npos || colon < at) return std::nullopt;
  std::string_view size_text = text.substr(0, at), irq_text = text.substr(colon + 1);
  uint64_t unit = 1;
  if (size_text.ends_with('K') || size_text.ends_with('M')) {
    unit = size_text.back() == 'K' ? 1024 : 1024 * 1024;
    size_text.remove_suffix(1);
  }
  irq_text = irq_text.substr(0, irq_text.find(':'));
  auto size = number(size_text), address = number(text.substr(at + 1, colon - at - 1)),
       irq = number(irq_text);
  if (!size || !address || !irq || *size > 1 << 20 || *irq > 255) return std::nullopt;
  return MmioDevice{*address, static_cast<uint32_t>(*size * unit), static_cast<uint32_t>(*irq)};
}

template <typename Value>
bool choose(std::string_view text, std::string_view no, std::string_view yes, Value& value) {
  value = text == yes;
  return text == yes || text == no;
}

bool take_number(std::string_view text, uint64_t max, uint64_t& value) {
  auto parsed = number(text);
  if (!parsed || *parsed > max) return false;
  value = *parsed;
  return true;
}

bool take_setting(Settings& s, std::string_view name, std::string_view value) {
  constexpr uint64_t kKibMax = uint64_t{1} << 32;
  if (name == "cache") return take_number(value, kKibMax, s.cache_kib);
  if (name == "console") return take_number(value, UINT64_MAX, s.console_bytes);
  if (name == "stack") return take_number(value, kKibMax, s.stack_kib) && s.stack_kib >= 64;
  if (name == "time") return take_number(value, kKibMax, s.wall_seconds);
  if (name == "durability") return choose(value, "flush", "device", s.trust_device);
  if (name == "log") return choose(value, "ring", "console", s.log_to_console);
  if (name == "syscalls") return choose(value, "lenient", "strict", s.strict_system_calls);
  if (name == "disk") {
    s.disk_path = value;
    return value.starts_with('/') && value.size() < 256;
  }
  if (name == "seed") {
    s.seed = value;
    return value.size() <= 64;
  }
  for (std::string_view foreign : kForeign) {
    if (name == foreign) return true;
  }
  return false;
}

bool take_word(Settings& s, std::string_view word) {
  size_t equals = word.find('=');
  std::string_view name = word.substr(0, equals);
  return take_setting(s, name, equals == word.npos ? "" : word.substr(equals + 1));
}

}  // namespace

Settings parse_command_line(char* text, size_t size) {
  Settings s;
  s.arguments[s.argument_count++] = "image";
  bool arguments = false;
  size_t at = 0;
  while (auto word = next_word(text, size, at)) {
    bool good = true;
    if (word->starts_with(kMmioPrefix)) {
      auto device = mmio_device(word->substr(kMmioPrefix.size()));
      good = device && s.mmio_count < s.mmio.size();
      if (good) s.mmio[s.mmio_count++] = *device;
    } else if (arguments) {
      good = s.argument_count < s.arguments.size();
      if (good) s.arguments[s.argument_count++] = word->data();
    } else if (*word == "--") {
      arguments = true;
    } else {
      good = take_word(s, *word);
    }
    if (!good && s.error.empty()) s.error = *word;
  }
  return s;
}

}  // namespace ukstore::libos
