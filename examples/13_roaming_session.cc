// A session that roams between two stores: what it wrote and read goes with it.
#include <ukstore/store/slice.h>
#include <ukstore/ukstore.h>

#include <iostream>

namespace {

using namespace ukstore;

// Carries all that a session has seen from one store to another, as a peer or a file would.
void carry(const Session& session, Repo& from, Repo& to) {
  Head head{*session.private_branch().head().value(), ObjectKind::commit};
  Bytes stream;
  (void)write_slice(from.store(), {.heads = {{RefKind::branch, "session", head}}},
                    [&](BytesView piece) -> Result<void> {
                      stream += piece;
                      return {};
                    })
      .value();
  size_t at = 0;
  (void)apply_slice(to.store(), [&](std::span<char> buffer) -> Result<size_t> {
    size_t size = std::min(buffer.size(), stream.size() - at);
    stream.copy(buffer.data(), size, at);
    at += size;
    return size;
  }).value();
}

}  // namespace

int main() {
  auto paris = Repo::open(make_memory_backend()).value();
  auto tokyo = Repo::open(make_memory_backend()).value();
  (void)paris->branch("public").set("greeting", "bonjour").value();
  (void)tokyo->branch("public").set("weather", "rain").value();

  Session session = paris->session("public").value();
  (void)session.transact([](Tx& tx) { tx.at<Set<>>("seen").insert("the Louvre"); }).value();
  std::string token = session.token().value();

  auto early = tokyo->resume(token, "public", std::chrono::milliseconds(0));
  std::cout << "before the commit is there: " << name(early.error().kind) << "\n";
  carry(session, *paris, *tokyo);
  Session resumed = tokyo->resume(token, "public", std::chrono::milliseconds(0)).value();
  State state = resumed.state().value();
  std::cout << "in Tokyo: " << state.get("greeting").value().value() << ", "
            << state.get("weather").value().value() << ", seen "
            << state.at<Set<>>("seen").elements().value().front() << "\n";
  (void)resumed.publish().value();
  std::cout << "published: " << tokyo->branch("public").get("greeting").value().value() << "\n";
}
