#pragma once
// The serial console, and the ring of the last lines of log.

#include <span>
#include <string_view>

#include <ukstore/libos/core/text.h>

namespace ukstore::libos {

// Where console bytes go instead of the serial port, once a virtio console is up.
using ConsoleSink = void (*)(std::string_view text);

void console_start();
void console_use(ConsoleSink sink);

// Bytes to the console: the program's output, as it is.
void console_write(std::string_view text);

// Bytes to the serial port only, for the panic path.
void serial_write(std::string_view text);

// A byte that the console received; -1 if there is none.
int console_read();

// One line of libos's own log: kept in the ring, and printed with `log=console`.
void log_line(std::string_view text);
void log_to_console();

// The log's newest bytes, oldest first, in two pieces.
struct LogPieces {
  std::string_view older, newer;
};
LogPieces log_ring();

template <typename... Parts>
void log(const Parts&... parts) {
  Line line;
  line.add(parts...);
  log_line(line.view());
}

// Ends the virtual machine.  The host sees `code`.
[[noreturn]] void power_off(int code);

}  // namespace ukstore::libos
