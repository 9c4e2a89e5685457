#pragma once
// Ctrl-C: the process ends at once, says what became of the command, and what to do.
//
// Ending at once is safe because a commit is one transaction of the store: either it is there or it
// is not, and the kernel gives the locks back.  The one thing to tidy up is a file that a command
// is writing beside the store, which the handler removes.

#include <ukstore/images/ukstore/process.h>

#include <filesystem>

namespace ukstore::cli {

// SIGINT ends the process with 130, SIGTERM with 143, after a message on process.err.
void end_well_when_interrupted(const Process& process);

// What a command has done so far, for the message.
enum class Phase {
  reading,     // nothing was changed
  committing,  // all of it is stored, or nothing
  receiving,   // what has come from a peer is kept, and is seen once all of it is there
  following,   // an endless command: stopping it is how it ends
};
void set_phase(Phase phase);

// A file that goes away if the command does not come to its end.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::filesystem::path path);
  ~UnfinishedFile();  // removes it unless it was finished
  UnfinishedFile(const UnfinishedFile&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void finished();

 private:
  const std::filesystem::path path_;
  bool finished_ = false;
};

}  // namespace ukstore::cli
