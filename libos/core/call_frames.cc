#include <ukstore/libos/core/call_frames.h>

#include <cstring>

namespace ukstore::libos {
namespace {

// Bytes with a place to read at; what lies beyond the end reads as zero.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool done() const { return at_ >= bytes_.size(); }
  uint64_t address() const { return reinterpret_cast<uint64_t>(bytes_.data() + at_); }
  void skip(uint64_t count) { at_ = count > bytes_.size() - at_ ? bytes_.size() : at_ + count; }

  template <typename T>
  T take() {
    T value = 0;
    if (bytes_.size() - at_ >= sizeof value) std::memcpy(&value, bytes_.data() + at_, sizeof value);
    skip(sizeof value);
    return value;
  }
  std::span<const std::byte> take_bytes(uint64_t count) {
    std::span<const std::byte> rest = bytes_.subspan(at_);
    skip(count);
    return rest.first(count < rest.size() ? count : rest.size());
  }
  uint64_t take_uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; !done(); shift += 7) {
      auto byte = take<uint8_t>();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 127) << shift;
      if (!(byte & 128)) break;
    }
    return value;
  }
  int64_t take_sleb() {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;
    do {
      byte = take<uint8_t>();
      if (shift < 64) value |= static_cast<uint64_t>(byte & 127) << shift;
      shift += 7;
    } while (byte & 128 && !done());
    if (shift < 64 && byte & 64) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  }
  // A pointer in one of the encodings DW_EH_PE_*.
  std::optional<uint64_t> take_pointer(uint8_t encoding) {
    uint64_t here = address(), value = 0;
    switch (encoding & 15) {
      case 0:
      case 4:
      case 12:
        value = take<uint64_t>();
        break;
      case 2:
        value = take<uint16_t>();
        break;
      case 3:
        value = take<uint32_t>();
        break;
      case 10:
        value = static_cast<uint64_t>(int64_t{take<int16_t>()});
        break;
      case 11:
        value = static_cast<uint64_t>(int64_t{take<int32_t>()});
        break;
      default:
        return std::nullopt;
    }
    switch (encoding & 0xf0) {
      case 0x00:
        return value;
      case 0x10:
        return value + here;
      default:
        return std::nullopt;
    }
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

struct Rules {
  uint64_t cfa_register = FrameRegisters::kRsp;
  int64_t cfa_offset = 0;
  // Where a register was saved, from the CFA; nullopt: it still has its value.
  std::array<std::optional<int64_t>, FrameRegisters::kCount> saved = {};
};

struct Cie {
  uint64_t code_align = 1;
  int64_t data_align = 1;
  uint8_t pointer_encoding = 0;
  bool augmented = false;
  std::span<const std::byte> instructions;
};

std::optional<Cie> parse_cie(std::span<const std::byte> bytes) {
  Reader r(bytes);
  Cie cie;
  auto version = r.take<uint8_t>();
  if (version != 1 && version != 3) return std::nullopt;
  char augmentation[8] = {};
  for (size_t i = 0;; ++i) {
    char c = static_cast<char>(r.take<uint8_t>());
    if (!c) break;
    if (i + 1 >= sizeof augmentation) return std::nullopt;
    augmentation[i] = c;
  }
  cie.code_align = r.take_uleb();
  cie.data_align = r.take_sleb();
  if (version == 1) {
    r.take<uint8_t>();
  } else {
    r.take_uleb();
  }
  if (augmentation[0] == 'z') {
    cie.augmented = true;
    Reader data(r.take_bytes(r.take_uleb()));
    for (const char* at = augmentation + 1; *at; ++at) {
      if (*at == 'R') cie.pointer_encoding = data.take<uint8_t>();
      if (*at == 'L') data.take<uint8_t>();
      if (*at == 'P') data.take_pointer(data.take<uint8_t>());
    }
  } else if (augmentation[0]) {
    return std::nullopt;
  }
  cie.instructions = r.take_bytes(~uint64_t{0});
  return cie;
}

class Machine {
 public:
  Machine(const Cie& cie, uint64_t begin, uint64_t rip) : cie_(cie), at_(begin), rip_(rip) {}

  // Runs instructions up to the place of interest; false on one that is not understood.
  bool run(std::span<const std::byte> instructions) {
    Reader r(instructions);
    while (!r.done() && at_ <= rip_) {
      if (!step(r)) return false;
    }
    return true;
  }
  void keep_initial() { initial_ = rules; }

  Rules rules;

 private:
  bool step(Reader& r) {
    auto op = r.take<uint8_t>();
    uint64_t low = op & 63;
    switch (op >> 6) {
      case 1:
        at_ += low * cie_.code_align;
        return true;
      case 2:
        return save(low, static_cast<int64_t>(r.take_uleb()) * cie_.data_align);
      case 3:
        return restore(low);
    }
    uint64_t reg = 0;
    switch (op) {
      case 0x00:
        return true;
      case 0x02:
        at_ += r.take<uint8_t>() * cie_.code_align;
        return true;
      case 0x03:
        at_ += r.take<uint16_t>() * cie_.code_align;
        return true;
      case 0x04:
        at_ += r.take<uint32_t>() * cie_.code_align;
        return true;
      case 0x05:
        reg = r.take_uleb();
        return save(reg, static_cast<int64_t>(r.take_uleb()) * cie_.data_align);
      case 0x06:
        return restore(r.take_uleb());
      case 0x07:
      case 0x08:
        return forget(r.take_uleb());
      case 0x0a:
        return remember();
      case 0x0b:
        return recall();
      case 0x0c:
        rules.cfa_register = r.take_uleb();
        rules.cfa_offset = static_cast<int64_t>(r.take_uleb());
        return true;
      case 0x0d:
        rules.cfa_register = r.take_uleb();
        return true;
      case 0x0e:
        rules.cfa_offset = static_cast<int64_t>(r.take_uleb());
        return true;
      case 0x11:
        reg = r.take_uleb();
        return save(reg, r.take_sleb() * cie_.data_align);
      case 0x2e:
        r.take_uleb();
        return true;  // the size of pushed arguments
      default:
        return false;
    }
  }

  bool save(uint64_t reg, int64_t offset) {
    if (reg < FrameRegisters::kCount) rules.saved[reg] = offset;
    return true;
  }
  bool forget(uint64_t reg) {
    if (reg == FrameRegisters::kRip) return false;  // the outermost frame
    if (reg < FrameRegisters::kCount) rules.saved[reg].reset();
    return true;
  }
  bool restore(uint64_t reg) {
    if (reg < FrameRegisters::kCount) rules.saved[reg] = initial_.saved[reg];
    return true;
  }
  bool remember() {
    if (depth_ == stack_.size()) return false;
    stack_[depth_++] = rules;
    return true;
  }
  bool recall() {
    if (depth_ == 0) return false;
    rules = stack_[--depth_];
    return true;
  }

  const Cie& cie_;
  uint64_t at_, rip_;
  Rules initial_;
  std::array<Rules, 4> stack_ = {};
  size_t depth_ = 0;
};

struct Fde {
  Cie cie;
  uint64_t begin;
  std::span<const std::byte> instructions;
};

// One entry after the other, until one that covers `rip`.
std::optional<Fde> find_fde(std::span<const std::byte> table, uint64_t rip) {
  size_t at = 0;
  while (at + 8 <= table.size()) {
    uint32_t length = 0, id = 0;
    std::memcpy(&length, table.data() + at, 4);
    if (length == 0) {
      at += 4;  // a terminator, which a linked table may have in the middle
      continue;
    }
    if (length == UINT32_MAX || length < 4 || length > table.size() - at - 4) return std::nullopt;
    std::memcpy(&id, table.data() + at + 4, 4);
    size_t id_at = at + 4;
    at += 4 + length;
    if (id == 0 || id > id_at) continue;  // a CIE
    size_t cie_at = id_at - id;
    uint32_t cie_length = 0;
    std::memcpy(&cie_length, table.data() + cie_at, 4);
    if (cie_length < 4 || cie_length > table.size() - cie_at - 4) return std::nullopt;
    auto cie = parse_cie(table.subspan(cie_at + 8, cie_length - 4));
    if (!cie) continue;
    Reader r(table.subspan(id_at + 4, length - 4));
    auto begin = r.take_pointer(cie->pointer_encoding);
    auto bytes = r.take_pointer(cie->pointer_encoding & 15);
    if (!begin || !bytes || rip < *begin || rip - *begin >= *bytes) continue;
    if (cie->augmented) r.skip(r.take_uleb());
    return Fde{*cie, *begin, r.take_bytes(~uint64_t{0})};
  }
  return std::nullopt;
}

}  // namespace

std::optional<FrameRegisters> caller_of(std::span<const std::byte> eh_frame,
                                        const FrameRegisters& registers, uint64_t rip,
                                        ReadWord read) {
  auto fde = find_fde(eh_frame, rip);
  if (!fde) return std::nullopt;
  Machine machine(fde->cie, fde->begin, rip);
  if (!machine.run(fde->cie.instructions)) return std::nullopt;
  machine.keep_initial();
  if (!machine.run(fde->instructions)) return std::nullopt;
  const Rules& rules = machine.rules;
  if (rules.cfa_register >= FrameRegisters::kCount || !rules.saved[FrameRegisters::kRip]) {
    return std::nullopt;
  }
  uint64_t cfa = registers.value[rules.cfa_register] + static_cast<uint64_t>(rules.cfa_offset);
  FrameRegisters caller = registers;
  for (size_t i = 0; i < FrameRegisters::kCount; ++i) {
    if (!rules.saved[i]) continue;
    auto word = read(cfa + static_cast<uint64_t>(*rules.saved[i]));
    if (!word) return std::nullopt;
    caller.value[i] = *word;
  }
  caller.value[FrameRegisters::kRsp] = cfa;
  return caller;
}

}  // namespace ukstore::libos
