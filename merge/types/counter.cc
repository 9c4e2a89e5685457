#include <ukstore/merge/types/counter.h>

#include <ukstore/store/varint.h>

#include <limits>

namespace ukstore {
namespace {

Bytes encode_amount(int64_t amount) {
  uint64_t bits = static_cast<uint64_t>(amount);
  Bytes bytes;
  append_varint(bytes, bits << 1 ^ (amount < 0 ? ~uint64_t{0} : 0));
  return bytes;
}

}  // namespace

Result<int64_t> decode_amount(BytesView bytes) {
  auto bits = take_varint(bytes);
  if (!bits || !bytes.empty()) return fail(Error::Kind::corrupt, "a counter's amount is no number");
  return static_cast<int64_t>(*bits >> 1 ^ (*bits & 1 ? ~uint64_t{0} : 0));
}

Result<int64_t> Counter::Reader::value() const {
  auto tree = state_.value_tree(path_, kind);
  if (!tree) return pass_on(tree);
  __int128 sum = 0;
  Result<void> result;
  auto ok = tree->scan({}, {}, Direction::forward, [&](BytesView, const Entry& entry) {
    auto amount = decode_amount(entry.inlined);
    if (!amount) {
      result = pass_on(amount);
      return Flow::stop;
    }
    sum += *amount;
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  if (sum > std::numeric_limits<int64_t>::max() || sum < std::numeric_limits<int64_t>::min()) {
    return fail(Error::Kind::limit, "counter " + printable(path_) + " does not fit 64 bits");
  }
  return static_cast<int64_t>(sum);
}

void Counter::Writer::add(int64_t amount) {
  if (amount == 0) return;
  tx_.attempt([&]() -> Result<void> {
    auto value = tx_.edit_value(path_, kind);
    if (!value) return pass_on(value);
    Dot dot = tx_.mint();
    int64_t sum = amount;
    std::vector<Bytes> folded;
    Result<void> result;
    auto ok = (*value)->scan([&](BytesView key, BytesView payload) {
      BytesView rest = key;
      auto own = take_dot(rest);
      if (!own || own->replica != dot.replica) return Flow::go_on;
      auto old = decode_amount(payload);
      if (!old) {
        result = pass_on(old);
        return Flow::stop;
      }
      // An entry that would overflow stays beside the new one.
      int64_t more;
      if (__builtin_add_overflow(sum, *old, &more)) return Flow::go_on;
      sum = more;
      folded.emplace_back(key);
      return Flow::go_on;
    });
    if (!ok || !result) return ok ? result : ok;
    for (Bytes& key : folded) (*value)->remove(std::move(key));
    (*value)->put(encode(dot), encode_amount(sum));
    (*value)->touch();
    return {};
  });
}

void Counter::Writer::reset() {
  tx_.attempt([&]() -> Result<void> {
    auto value = tx_.edit_value(path_, kind);
    if (!value) return pass_on(value);
    if (auto ok = (*value)->clear(); !ok) return pass_on(ok);
    (*value)->touch();
    return {};
  });
}

Result<int64_t> Counter::Writer::value() {
  auto state = tx_.state();
  if (!state) return pass_on(state);
  return Reader(std::move(*state), path_).value();
}

}  // namespace ukstore
