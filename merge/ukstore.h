#pragma once
// All of the public interface.

#include <ukstore/store/diff.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>
