// Streams of history of unknown origin: never a crash, never a store that is not whole.
#include <ukstore/merge/ukstore.h>
#include <ukstore/store/check.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/sync/intake.h>

#include <cstdlib>

using namespace ukstore;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  // The edits alone: what is read is in order, so a tree takes it.
  auto backend = make_memory_backend();
  ObjectStore objects(*backend);
  if (auto edits = read_edits(bytes); edits && edits->named.empty()) {
    if (!Tree(objects).apply(edits->edits)) std::abort();
  }
  // The whole stream, on a store that has a commit of its own.
  auto repo = Repo::open(make_memory_backend(),
                         {.incarnation = "fuzz", .new_replica_id = [] { return ReplicaId{}; }});
  if (!repo || !(*repo)->branch("main").set("k", "v")) std::abort();
  Store& store = (*repo)->store();
  const Hash head = (*(*repo)->branch("main").head())->hash;
  Intake in(store, (*repo)->types(), {.tracking = "remotes/p/main", .merge_into = "main"});
  in.told(std::span(&head, 1));
  auto wanted = in.take(bytes);
  if (!wanted || *wanted || !in.published() || !in.land()) {
    auto now = (*repo)->branch("main").head();
    if (!now || !*now || (*now)->hash != head) std::abort();
    return 0;
  }
  auto report = check_store(store.objects().backend(), {.depth = CheckOptions::Depth::deep});
  if (!report || !report->clean()) std::abort();
  return 0;
}
