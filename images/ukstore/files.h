#pragma once
// Files that commands write and read beside the store: backups and bundles.

#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/store/bytes.h>

#include <filesystem>
#include <optional>
#include <span>

namespace ukstore::cli {

// A file that appears whole or not at all: it is written under another name, flushed, and renamed.
// "-" is standard output.
class NewFile {
 public:
  // `name` is how the user calls it, `out` the descriptor of standard output.  Throws a Failure if
  // it cannot be made.
  NewFile(std::string name, std::filesystem::path path, int out);
  ~NewFile();
  void write(BytesView bytes);
  void finish();

 private:
  const std::string name_;
  const std::filesystem::path path_;
  std::optional<UnfinishedFile> unfinished_{};
  int fd_ = -1;
  bool owned_ = false;
};

// A file to read; "-" is standard input.
class OldFile {
 public:
  OldFile(std::string name, const std::filesystem::path& path, int in);
  ~OldFile();
  OldFile(const OldFile&) = delete;
  // Fills the front of a buffer; 0 at the end.
  size_t read(std::span<char> to);
  // 0 if it is unknown.
  uint64_t size() const;

 private:
  const std::string name_;
  int fd_ = -1;
  bool owned_ = false;
};

}  // namespace ukstore::cli
