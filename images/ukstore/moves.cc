#include <ukstore/images/ukstore/moves.h>

#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/peers.h>
#include <ukstore/sync/errors.h>

namespace ukstore::cli {
void tell(Context& context, const Json& event, const std::string& note) {
  if (context.out().is_json()) {
    context.out().object(event);
  } else {
    context.out().note(note);
  }
  context.out().flush();
}

libos_kj::Task<void> print_moves(Context& context, Store& store, HeadSignal& signal) {
  constexpr size_t kEvents = 100;
  uint64_t after = get_or_throw(store.last_sequence());
  for (;;) {
    auto moved = signal.next();
    const auto events = get_or_throw(store.changes({}, after, kEvents));
    for (const WatchEvent& event : events) {
      after = event.sequence;
      const RefChange& change = event.change;
      if (change.kind != RefKind::branch) continue;
      const std::string head = change.after ? to_hex(change.after->ref.hash) : "";
      Json object = {{"event", "moved"}};
      put_bytes(object, "branch", change.name);
      object["head"] = head.empty() ? Json(nullptr) : Json(head);
      BytesView name = change.name;
      if (is_tracking(name)) name.remove_prefix(name.find('/') + 1);
      tell(context, object,
           printable(name) + " " +
               (change.after ? short_hash(change.after->ref.hash) : std::string("gone")));
    }
    if (events.empty()) co_await kj::mv(moved);
  }
}

}  // namespace ukstore::cli
