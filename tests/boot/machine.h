#pragma once
// Runs images, under QEMU by images/boot and as Linux processes.

#include <string>
#include <vector>

namespace boot_test {

struct Outcome {
  int code;  // exit code; 128 + signal if a signal ended it
  std::string out, errors;
};

// Runs a command until it ends, or for at most `timeout_s` (then code is 124).
Outcome run(const std::vector<std::string>& command, int timeout_s = 200);

// build/.../images/NAME.elf
std::string image(const std::string& name);
std::string debug_image(const std::string& name);

struct Boot {
  std::string image;
  std::string machine = "microvm";
  std::vector<std::string> options = {};    // of images/boot
  std::vector<std::string> arguments = {};  // of the program
  int timeout_s = 150;                      // a busy machine takes its time
};
std::vector<std::string> boot_command(const Boot& boot);
Outcome boot(const Boot& boot);

// The same file as a process of the host.
Outcome as_process(const std::string& image, const std::vector<std::string>& arguments);

// A folder of its own, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  // An empty disk image.
  std::string disk(const std::string& name, size_t mib) const;

 private:
  std::string path_;
};

}  // namespace boot_test
