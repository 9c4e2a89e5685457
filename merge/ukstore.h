#pragma once
// All of the public interface; installed as <ukstore/ukstore.h>.

#include <ukstore/merge/foreign.h>
#include <ukstore/merge/laws.h>
#include <ukstore/merge/mergeable.h>
#include <ukstore/merge/replay.h>
#include <ukstore/merge/repo.h>
#include <ukstore/merge/session.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/diff.h>
#include <ukstore/store/history.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>
