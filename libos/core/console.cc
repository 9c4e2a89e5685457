#include <ukstore/libos/core/console.h>

#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

constexpr uint16_t kSerial = 0x3f8;
constexpr uint16_t kSerialStatus = kSerial + 5;
constexpr uint8_t kTransmitEmpty = 0x20;
constexpr uint16_t kDebugConsole = 0xe9;
constexpr uint16_t kDebugExit = 0xf4;
constexpr size_t kLogBytes = 16384;

bool serial_present = false;
ConsoleSink sink = nullptr;
bool echo_log = false;
char log_bytes[kLogBytes];
uint64_t log_written = 0;

}  // namespace

void console_start() {
  out8(kSerial + 7, 0x5a);  // the scratch register keeps what is written only if there is a UART
  serial_present = in8(kSerial + 7) == 0x5a;
  if (!serial_present) return;
  out8(kSerial + 1, 0);     // no interrupts
  out8(kSerial + 3, 0x03);  // 8 bits, no parity, one stop bit
  out8(kSerial + 2, 0x07);  // FIFO on and empty
}

void console_use(ConsoleSink new_sink) { sink = new_sink; }
void log_to_console() { echo_log = true; }

void serial_write(std::string_view text) {
  if (!serial_present) return;
  for (char c : text) {
    for (int tries = 0; !(in8(kSerialStatus) & kTransmitEmpty) && tries < 100000; ++tries) {
    }
    out8(kSerial, static_cast<uint8_t>(c));
  }
}

void console_write(std::string_view text) {
  if (sink) {
    sink(text);
  } else {
    serial_write(text);
  }
}

int console_read() {
  if (!serial_present || !(in8(kSerialStatus) & 1)) return -1;
  return in8(kSerial);
}

void log_line(std::string_view text) {
  for (char c : text) log_bytes[log_written++ % kLogBytes] = c;
  log_bytes[log_written++ % kLogBytes] = '\n';
  if (!echo_log) return;
  console_write("[libos] ");
  console_write(text);
  console_write("\n");
}

LogPieces log_ring() {
  size_t at = log_written % kLogBytes;
  if (log_written < kLogBytes) return {{}, {log_bytes, at}};
  return {{log_bytes + at, kLogBytes - at}, {log_bytes, at}};
}

// QEMU: the code goes to the debug console in full, as its exit device only carries seven bits.
// Elsewhere: a reset through the keyboard controller, then a triple fault.
void power_off(int code) {
  if (in8(kDebugConsole) == kDebugConsole) {
    Text<32> text;
    text.add("exit ", code & 0xff, "\n");
    for (char c : text.view()) out8(kDebugConsole, static_cast<uint8_t>(c));
  }
  out32(kDebugExit, static_cast<uint32_t>(code & 0x7f));
  out16(0x604, 0x2000);  // ACPI power-off of q35
  out8(0x64, 0xfe);
  struct [[gnu::packed]] {
    uint16_t limit = 0;
    uint64_t base = 0;
  } no_table;
  asm volatile("cli; lidt %0; int3" ::"m"(no_table));
  for (;;) asm volatile("hlt");
}

}  // namespace ukstore::libos
