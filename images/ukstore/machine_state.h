#pragma once
// The machines of this user that run or have run: a folder each, in $XDG_RUNTIME_DIR/ukstore or,
// where that is not set, in /tmp/ukstore-UID.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/machine.h>

#include <sys/types.h>

namespace ukstore::cli {

class MachineState {
 public:
  // Names it: letters, digits, '-', '_' and '.'.
  MachineState(const Context& context, const std::string& name);

  const std::string& name() const { return name_; }
  MachineFiles files() const;
  std::filesystem::path errors() const { return folder_ / "errors"; }
  // What was said of it when it was ready: {"name","pid","fingerprint","address",...}; null if it
  // never was.
  Json about() const;

  // Makes the folder, empty.  Throws a Failure with Exit::locked if such a machine runs.
  void begin();
  void ready(const Json& about);
  void remember(pid_t emulator);
  void forget();

  // The emulator; nullopt if it does not run.
  std::optional<pid_t> emulator() const;
  // The exit code of the node; nullopt if it was killed, or runs.
  std::optional<int> exit_code() const;
  std::string console() const;
  // Writes to the node's console, and waits until it answers.  False if nobody does within 10 s.
  bool tell(const std::string& line) const;

 private:
  std::string name_;
  std::filesystem::path folder_;
};

// Those that there are, by name.
std::vector<MachineState> machines(const Context& context);
// The one that is named, or the only one.  Throws not_found with the nearest.
MachineState find_machine(const Context& context, const std::optional<std::string>& name);

}  // namespace ukstore::cli
