// Commits, tags and journal entries from hostile bytes: what decodes is what encodes to the same
// bytes, and the rest is refused without a crash.

#include <ukstore/store/commit.h>
#include <ukstore/store/journal.h>
#include <ukstore/store/refs.h>
#include <ukstore/store/seal.h>

#include <cstdlib>

using namespace ukstore;

namespace {

void must_hold(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  BytesView bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (*data % 3 == 0) {
    auto named = validate_commit(bytes);
    if (!named) return 0;
    std::vector<uint64_t> side(*named);
    ObjectView view{ObjectKind::commit, bytes, reinterpret_cast<const char*>(side.data()), *named};
    auto commit = decode_commit({}, {}, view);
    must_hold(commit && check(commit->commit) && encode(commit->commit) == bytes);
    CommitLinks links(view);
    must_hold(links.parent_count() == commit->commit.parents.size());
  } else if (*data % 3 == 1) {
    auto named = validate_tag(bytes);
    if (!named) return 0;
    uint64_t side = 0;
    auto tag = decode_tag({ObjectKind::tag, bytes, reinterpret_cast<const char*>(&side), 1});
    must_hold(tag && check(*tag) && encode(*tag) == bytes);
  } else {
    // Sealed here, or nothing would get past the check.
    Bytes sealed = seal(journal_key(9), Bytes(bytes));
    auto record = decode_journal(
        9, sealed, [](uint32_t) -> Result<std::optional<Bytes>> { return std::nullopt; });
    if (record) must_hold(encode(*record) == std::vector{sealed});
  }
  return 0;
}
