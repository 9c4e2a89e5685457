// Ten lines: open, set, branch, merge.
#include <ukstore/ukstore.h>

#include <iostream>

int main() {
  using namespace ukstore;
  auto repo = Repo::open(make_memory_backend()).value();
  Branch main = repo->branch("main");
  (void)main.set("notes/today", "hi").value();
  Branch draft = main.fork("draft").value();
  (void)draft.transact([](Tx& tx) { tx.at<Counter>("stock/42").add(-1); }).value();
  (void)main.transact([](Tx& tx) { tx.at<Counter>("stock/42").add(5); }).value();
  (void)main.merge(draft).value();
  std::cout << main.get("notes/today").value().value() << " "
            << main.state()->at<Counter>("stock/42").value().value() << "\n";
}
