#pragma once
// Types of the program's own: a concept, and the registry that tells a repository of them.
//
//     struct Max {                                     // the largest number ever put
//       static constexpr Kind kind = Kind{128};        // 128 to 254; what merges otherwise is
//       another static constexpr std::string_view name = "max"; using State = uint64_t; using Op =
//       uint64_t; static State initial() { return 0; } static State apply(const State& state, const
//       Op& op, const Dot&) { return std::max(state, op); } static Result<State> merge(const State&
//       base, const State& ours, const State& theirs); static Bytes encode(const State& state); //
//       equal states, equal bytes static Result<State> decode(BytesView bytes);  // `corrupt` for
//       what encode does not give
//     };
//
// A type is lawful iff merge(F(E1 ∩ E2), F(E1), F(E2)) = F(E1 ∪ E2), where F(E) is the state that a
// set of operations gives: then every branch converges whatever the history.  Most types that look
// right are not.  `laws::check<Max>()` (laws.h) finds out; run it in your tests before registering.
//
// A removal of the path beside an operation gives merge(base, initial(), theirs): what the removal
// had seen is reset.

#include <ukstore/merge/tx.h>

#include <concepts>
#include <functional>

namespace ukstore {

template <class T>
concept Mergeable = requires(const typename T::State& state, const typename T::Op& op,
                             const Dot& dot, BytesView bytes) {
  { T::kind } -> std::convertible_to<Kind>;
  { T::name } -> std::convertible_to<std::string_view>;
  { T::initial() } -> std::same_as<typename T::State>;
  { T::apply(state, op, dot) } -> std::same_as<typename T::State>;
  { T::merge(state, state, state) } -> std::same_as<Result<typename T::State>>;
  { T::encode(state) } -> std::same_as<Bytes>;
  { T::decode(bytes) } -> std::same_as<Result<typename T::State>>;
};

// Where a merge happens, for rules that depend on it and for messages.
struct MergePlace {
  BytesView path;
  Kind kind{};
};

class TypeRegistry {
 public:
  // A merge of encoded states; nullopt is the initial state, and none is returned for it.
  using MergeBytes = std::function<Result<std::optional<Bytes>>(
      const MergePlace& place, const std::optional<Bytes>& base, const std::optional<Bytes>& ours,
      const std::optional<Bytes>& theirs)>;

  // Whether bytes are the encoding of a state other than the initial one.
  using CheckBytes = std::function<Result<void>(BytesView)>;

  template <Mergeable T>
  void add() {
    static_assert(is_user(T::kind), "a program's own type has a kind from 128 to 254");
    add(T::kind,
        [](const MergePlace&, const std::optional<Bytes>& base, const std::optional<Bytes>& ours,
           const std::optional<Bytes>& theirs) -> Result<std::optional<Bytes>> {
          auto b = decode<T>(base), o = decode<T>(ours), t = decode<T>(theirs);
          if (!b) return pass_on(b);
          if (!o) return pass_on(o);
          if (!t) return pass_on(t);
          auto merged = T::merge(*b, *o, *t);
          if (!merged) return pass_on(merged);
          return encode<T>(*merged);
        });
    checks_[T::kind] = [](BytesView bytes) -> Result<void> {
      auto state = T::decode(bytes);
      if (!state) return pass_on(state);
      if (encode<T>(*state) == bytes) return {};
      return fail(Error::Kind::corrupt,
                  "a state of " + std::string(T::name) + " is not in its canonical form");
    };
  }
  // The same with the rule as a function that sees the path.
  void add(Kind kind, MergeBytes merge) { merges_[kind] = std::move(merge); }

  // The rule of a kind; null if this program does not know it.
  const MergeBytes* find(Kind kind) const {
    auto found = merges_.find(kind);
    return found == merges_.end() ? nullptr : &found->second;
  }

  // The check of a kind that was added as a type; null if there is none.
  const CheckBytes* find_check(Kind kind) const {
    auto found = checks_.find(kind);
    return found == checks_.end() ? nullptr : &found->second;
  }

  template <Mergeable T>
  static Result<typename T::State> decode(const std::optional<Bytes>& bytes) {
    return bytes ? T::decode(*bytes) : Result<typename T::State>(T::initial());
  }
  // nullopt for the initial state, which is never stored.
  template <Mergeable T>
  static std::optional<Bytes> encode(const typename T::State& state) {
    Bytes bytes = T::encode(state);
    if (bytes == T::encode(T::initial())) return std::nullopt;
    return bytes;
  }

 private:
  std::map<Kind, MergeBytes> merges_;
  std::map<Kind, CheckBytes> checks_;
};

// The type as tx.at<User<Max>>("high").apply(7) and state.at<User<Max>>("high").state().
template <Mergeable T>
struct User {
  static constexpr Kind kind = T::kind;

  class Reader {
   public:
    Reader(State state, Bytes path) : state_(std::move(state)), path_(std::move(path)) {}
    Result<typename T::State> state() const {
      auto bytes = state_.user_state(path_, kind);
      if (!bytes) return pass_on(bytes);
      return TypeRegistry::decode<T>(*bytes);
    }

   private:
    State state_;
    Bytes path_;
  };

  class Writer {
   public:
    Writer(Tx& tx, Bytes path) : tx_(tx), path_(std::move(path)) {}
    void apply(const typename T::Op& op) {
      tx_.attempt([&]() -> Result<void> {
        auto edit = tx_.edit_value(path_, kind);
        if (!edit) return pass_on(edit);
        auto state = TypeRegistry::decode<T>((*edit)->state());
        if (!state) return pass_on(state);
        (*edit)->put_state(TypeRegistry::encode<T>(T::apply(*state, op, tx_.mint())));
        (*edit)->touch();
        return {};
      });
    }

   private:
    Tx& tx_;
    Bytes path_;
  };
};

}  // namespace ukstore
