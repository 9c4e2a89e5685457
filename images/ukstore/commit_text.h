#pragma once
// Commits as text and as JSON:
// {"commit","parents":[],"generation","tree","author","date","message"}.

#include <ukstore/images/ukstore/json.h>
#include <ukstore/store/store.h>

namespace ukstore::cli {

// The first 12 digits: enough to paste, short enough to read.
std::string short_hash(const Hash& hash);
Json commit_object(const StoredCommit& commit);
// "1a2b3c4d5e6f 2026-11-24 08:15 ann: the first line of the message".
std::string commit_line(const StoredCommit& commit);
// The first line of the message, or what stands for it in a merge of the rules alone.
std::string subject(const Commit& commit);
// "2026-11-24T08:15:00Z" in UTC.
std::string date_text(int64_t seconds);

}  // namespace ukstore::cli
