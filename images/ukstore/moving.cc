#include <ukstore/images/ukstore/moving.h>

#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/state_walk.h>

namespace ukstore::cli {
namespace {

// The live value at one path, at another.
void copy(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  const Value value = value_at(state, from);
  if (value.live.empty()) return;
  const LiveEntry& live = value.live.front();
  if (is_valued(live.kind)) {
    tx.set(to, live.value, live.kind);
  } else {
    find_type(live.kind)->copy(tx, state, from, to);
  }
}

}  // namespace

void check_move(const State& state, const Bytes& from, const Bytes& to) {
  const auto refuse = [&](Exit exit, const std::string& why, const std::string& hint) {
    throw Failure{exit, "cannot move " + in_quotes(from) + " to " + in_quotes(to), {why}, {hint}};
  };
  const Value moved = value_at(state, from);
  if (from == to || to.starts_with(from + "/") || from.starts_with(to + "/")) {
    refuse(Exit::user_error, "one of the paths is within the other",
           "move it elsewhere first: ukstore mv " + shell_word(from) + " NEW");
  }
  if (must(state.value(to), "cannot read " + in_quotes(to))) {
    refuse(Exit::user_error, "there is something at " + in_quotes(to) + " already",
           "remove it first: ukstore rm " + shell_word(to));
  }
  const auto look = [&](const Bytes& path, const Value& value) {
    if (value.is_conflict()) {
      refuse(Exit::conflict, in_quotes(path) + " holds a conflict",
             "settle it first: ukstore resolve " + shell_word(path) + " VALUE");
    }
    if (value.live.size() > 0 && value.live.front().kind == Kind::multi_value &&
        find_type(Kind::multi_value)->lines(state, path).size() > 1) {
      refuse(Exit::conflict, in_quotes(path) + " holds several concurrent values",
             "write one of them first: ukstore set " + shell_word(path) + " VALUE");
    }
    if (!value.live.empty() && !find_type(value.live.front().kind)) {
      refuse(Exit::user_error,
             in_quotes(path) + " is of " + type_name(value.live.front().kind) +
                 ", which this program does not know",
             "let the program move it that wrote it; see: ukstore ls -l " + shell_word(path));
    }
  };
  look(from, moved);
  visit_values(state, from, {}, [&](const Bytes& path, const ListedName&) {
    look(path, value_at(state, path));
    return Flow::go_on;
  });
}

void move_values(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  copy(tx, state, from, to);
  visit_values(state, from, {}, [&](const Bytes& path, const ListedName&) {
    copy(tx, state, path, to + path.substr(from.size()));
    return Flow::go_on;
  });
  tx.remove(from);
}

}  // namespace ukstore::cli
