// ukstore: the command line.
#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/process.h>

#include <csignal>
#include <cstdlib>

int main(int argc, char** argv) {
  ukstore::cli::Process process;
  process.words.assign(argv + 1, argv + argc);
  for (const char* name :
       {"UKSTORE_STORE", "UKSTORE_AUTHOR", "UKSTORE_DATE", "NO_COLOR", "USER", "XDG_RUNTIME_DIR"}) {
    if (const char* value = std::getenv(name)) process.environment[name] = value;
  }
  std::error_code error;
  process.folder = std::filesystem::current_path(error);
  std::signal(SIGPIPE, SIG_IGN);  // a broken pipe is an exit code, not a death
  ukstore::cli::end_well_when_interrupted(process);
  return ukstore::cli::run(process);
}
