#pragma once
// Cap'n Proto 0.9 compares `const char*` with kj::StringPtr.  As C++20 and later under clang that
// finds no operator; here it is.  Included ahead of everything where clang compiles (the fuzzers).
#ifdef __cplusplus
#include <kj/string.h>
namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return StringPtr(a) == b; }
inline bool operator!=(const char* a, const StringPtr& b) { return !(StringPtr(a) == b); }
}  // namespace kj
#endif
