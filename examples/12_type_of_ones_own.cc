// A type of one's own, run through the law kit before it is used: a bid that only the highest wins.
#include <ukstore/ukstore.h>

#include <iostream>

namespace {

using namespace ukstore;

struct HighestBid {
  static constexpr Kind kind = Kind{128};
  static constexpr std::string_view name = "highest bid";
  using State = uint64_t;
  using Op = uint64_t;
  static State initial() { return 0; }
  static State apply(const State& state, const Op& op, const Dot&) { return std::max(state, op); }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static Bytes encode(const State& state) { return Codec<uint64_t>::encode(state); }
  static Result<State> decode(BytesView bytes) { return Codec<uint64_t>::decode(bytes); }

  // For the law kit.
  using View = uint64_t;
  static View view(const State& state) { return state; }
  static View spec(const laws::History<Op>& history) {
    View highest = 0;
    for (size_t i = 0; i < history.size(); ++i) highest = std::max(highest, history.op(i));
    return highest;
  }
  static Op random_op(laws::Random& random) { return 1 + random() % 10; }
  static std::string print(const Op& op) { return "bid " + std::to_string(op); }
  static std::vector<Op> small_ops() { return {1, 2}; }
};

// The same, by adding up what each side bid since: it looks right until two paths bring one bid.
struct SumOfBids : HighestBid {
  static constexpr Kind kind = Kind{129};
  static constexpr std::string_view name = "sum of bids";
  static State apply(const State& state, const Op& op, const Dot&) { return state + op; }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static View spec(const laws::History<Op>& history) {
    View sum = 0;
    for (size_t i = 0; i < history.size(); ++i) sum += history.op(i);
    return sum;
  }
};

}  // namespace

int main() {
  auto good = laws::check<HighestBid>();
  std::cout << "highest bid: " << (good.failure ? "broken" : "lawful in") << " " << good.histories
            << " random and " << good.small_histories << " small histories\n";
  auto bad = laws::check<SumOfBids>();
  std::cout << "sum of bids: " << (bad.failure ? bad.failure->law : "lawful") << "\n"
            << bad.failure->drawing;

  RepoOptions options;
  options.types.add<HighestBid>();
  auto repo = Repo::open(make_memory_backend(), std::move(options)).value();
  Branch hall = repo->branch("hall");
  (void)hall.transact([](Tx& tx) { tx.at<User<HighestBid>>("lot/7").apply(100); }).value();
  Branch phone = hall.fork("phone").value();
  (void)phone.transact([](Tx& tx) { tx.at<User<HighestBid>>("lot/7").apply(130); }).value();
  (void)hall.transact([](Tx& tx) { tx.at<User<HighestBid>>("lot/7").apply(120); }).value();
  (void)hall.merge(phone).value();
  std::cout << "lot 7: " << hall.state()->at<User<HighestBid>>("lot/7").state().value() << "\n";
}
