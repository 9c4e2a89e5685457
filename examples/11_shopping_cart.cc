// A shopping cart on two branches: a phone and a laptop that do not see each other.
#include <ukstore/ukstore.h>

#include <iostream>

namespace {

using namespace ukstore;
using Cart = Map<Counter>;  // article -> how many

void show(const char* who, const Branch& branch) {
  State state = branch.state().value();
  std::cout << who << ":";
  std::vector<Bytes> articles = state.at<Cart>("cart").keys().value();
  for (const Bytes& article : articles) {
    std::cout << " " << article << "=" << state.at<Cart>("cart").at(article).value().value();
  }
  std::cout << "\n";
}

}  // namespace

int main() {
  auto repo = Repo::open(make_memory_backend()).value();
  Branch laptop = repo->branch("laptop");
  (void)laptop
      .transact([](Tx& tx) {
        tx.at<Cart>("cart").at("apple").add(2);
        tx.at<Cart>("cart").at("bread").add(1);
      })
      .value();
  Branch phone = laptop.fork("phone").value();

  // The phone takes the bread out and one apple more; the laptop wants more bread, and milk.
  (void)phone
      .transact([](Tx& tx) {
        tx.at<Cart>("cart").erase("bread");
        tx.at<Cart>("cart").at("apple").add(1);
      })
      .value();
  (void)laptop
      .transact([](Tx& tx) {
        tx.at<Cart>("cart").at("bread").add(1);
        tx.at<Cart>("cart").at("milk").add(1);
      })
      .value();
  show("phone", phone);
  show("laptop", laptop);

  MergeOutcome outcome = laptop.merge(phone, {.explain = Explain::yes}).value();
  (void)phone.merge(laptop).value();
  show("merged", laptop);
  for (const Explanation& e : outcome.explanations) {
    std::cout << "  " << e.path << " by " << e.rule << ": base " << e.base << ", ours " << e.ours
              << ", theirs " << e.theirs << " -> " << e.result << "\n";
  }
  std::cout << (laptop.head().value() == phone.head().value() ? "one head\n" : "two heads\n");
}
