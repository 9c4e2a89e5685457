// Files in memory: what LMDB's lock file and temporary files need.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fstream>

#include "probe.h"

namespace probe {
namespace {

// Of this process alone: two probes may run beside each other.
const std::string kOwnPath = "/tmp/ukstore-probe-file-" + std::to_string(getpid());
const char* const kPath = kOwnPath.c_str();

struct OpenFile {
  explicit OpenFile(int flags) : number(open(kPath, flags, 0600)) { expect(number >= 0, "open"); }
  ~OpenFile() { close(number); }
  OpenFile(const OpenFile&) = delete;
  int number;
};

void reading_and_writing() {
  unlink(kPath);
  OpenFile file(O_RDWR | O_CREAT | O_EXCL);
  expect(write(file.number, "hello world", 11) == 11);
  char text[32] = {};
  expect(pread(file.number, text, 5, 6) == 5 && !strcmp(text, "world"));
  expect(pwrite(file.number, "W", 1, 6) == 1);
  expect(lseek(file.number, 0, SEEK_SET) == 0);
  expect(read(file.number, text, sizeof text) == 11 && !strncmp(text, "hello World", 11));
  expect(read(file.number, text, sizeof text) == 0);
  expect(pwrite(file.number, "far", 3, 100000) == 3);
  struct stat status;
  expect(fstat(file.number, &status) == 0 && status.st_size == 100003);
  expect(pread(file.number, text, 1, 50000) == 1 && text[0] == 0);
  iovec pieces[] = {{const_cast<char*>("ab"), 2}, {const_cast<char*>("cde"), 3}};
  expect(lseek(file.number, 0, SEEK_SET) == 0 && writev(file.number, pieces, 2) == 5);
  expect(ftruncate(file.number, 3) == 0 && lseek(file.number, 0, SEEK_END) == 3);
  expect(ftruncate(file.number, 10) == 0);
  expect(pread(file.number, text, 10, 0) == 10 && !memcmp(text, "abc\0\0\0\0\0\0\0", 10));
  expect(unlink(kPath) == 0 && open(kPath, O_RDWR) == -1 && errno == ENOENT);
}

void shared_maps() {
  unlink(kPath);
  OpenFile file(O_RDWR | O_CREAT);
  expect(ftruncate(file.number, 3 * 4096) == 0);
  void* area = mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0);
  void* view = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.number, 4096);
  expect(area != MAP_FAILED && view != MAP_FAILED);
  auto* bytes = static_cast<char*>(area);
  bytes[4096] = 'm';
  char byte = 0;
  expect(pread(file.number, &byte, 1, 4096) == 1 && byte == 'm', "a map's write is read");
  expect(pwrite(file.number, "w", 1, 4097) == 1 && bytes[4097] == 'w', "a write is seen in a map");
  expect(static_cast<char*>(view)[1] == 'w', "two maps agree");
  munmap(area, 3 * 4096);
  munmap(view, 4096);
  unlink(kPath);
}

void streams() {
  {
    std::ofstream out(kPath);
    for (int i = 0; i < 5000; ++i) out << i << '\n';
  }
  std::ifstream in(kPath);
  long sum = 0;
  for (int value; in >> value;) sum += value;
  expect(sum == 12497500);
  unlink(kPath);
}

void descriptors() {
  errno = 0;
  char byte;
  expect(read(57, &byte, 1) == -1 && errno == EBADF);
  expect(close(57) == -1 && errno == EBADF);
  OpenFile file(O_RDONLY | O_CREAT);
  expect(write(file.number, "x", 1) == -1 && errno == EBADF);
  struct stat status;
  expect(stat("/tmp", &status) == 0 && S_ISDIR(status.st_mode));
  expect(stat("/nowhere", &status) == -1 && errno == ENOENT);
  unlink(kPath);
}

}  // namespace

std::vector<Test> file_tests() {
  return {{"files/reading-and-writing", reading_and_writing},
          {"files/shared-maps", shared_maps},
          {"files/streams", streams},
          {"files/descriptors", descriptors}};
}

}  // namespace probe
