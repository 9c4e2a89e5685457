#pragma once
// A copy of the checkout, to be built elsewhere.

#include <string>

namespace boot_test {

// What images are made of, in a folder that is new.
void copy_sources(const std::string& to);

}  // namespace boot_test
