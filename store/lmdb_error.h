#pragma once
// What a code of LMDB means to our callers.

#include <ukstore/store/error.h>

namespace ukstore {

// For a code other than MDB_SUCCESS; `doing` says what failed: "writing a record".
std::unexpected<Error> lmdb_failure(int code, std::string_view doing);

}  // namespace ukstore
