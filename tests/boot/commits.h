#pragma once
// What images/commits left on a disk.

#include <string>

namespace boot_test {

// The last commit in the database at `path`, all earlier ones checked; -1 if there is no database,
// -2 if it is broken.
long last_commit(const std::string& path);

}  // namespace boot_test
