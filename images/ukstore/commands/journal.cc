// journal, undo and redo: every change of a head.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/peers.h>

namespace ukstore::cli {
namespace {

std::string_view word_of(JournalEntry::Kind kind) {
  switch (kind) {
    case JournalEntry::Kind::change:
      return "change";
    case JournalEntry::Kind::undo:
      return "undo";
    case JournalEntry::Kind::redo:
      return "redo";
  }
  return "";
}

Json changes_of(const std::vector<RefChange>& changes) {
  Json array = Json::array();
  for (const RefChange& change : changes) {
    Json object = Json::object();
    put_bytes(object, change.kind == RefKind::branch ? "branch" : "tag", change.name);
    object["before"] = change.before ? Json(to_hex(change.before->ref.hash)) : Json(nullptr);
    object["after"] = change.after ? Json(to_hex(change.after->ref.hash)) : Json(nullptr);
    array.push_back(std::move(object));
  }
  return array;
}

std::string text_of(const RefChange& change) {
  const auto hash = [](const std::optional<Head>& head) {
    return head ? short_hash(head->ref.hash) : "none";
  };
  return (change.kind == RefKind::branch ? "" : "tag ") + printable(change.name) + ": " +
         hash(change.before) + " -> " + hash(change.after);
}

void print(Output& out, const JournalEntry& entry) {
  if (out.is_json()) {
    Json object = {{"journal", entry.sequence}, {"kind", word_of(entry.kind)}};
    if (entry.target != 0) object["target"] = entry.target;
    object["date"] = date_text(entry.when_ms / 1000);
    put_bytes(object, "command", entry.note);
    object["changes"] = changes_of(entry.changes);
    return out.object(object);
  }
  std::string line = out.painted(Color::yellow, std::to_string(entry.sequence)) + "  ";
  if (entry.kind != JournalEntry::Kind::change) {
    line += std::string(word_of(entry.kind)) + " of " + std::to_string(entry.target);
  } else {
    line += printable(entry.note);
  }
  for (const RefChange& change : entry.changes) {
    line += "  " + out.painted(Color::dim, text_of(change));
  }
  out.line(line);
}

bool concerns(const JournalEntry& entry, const std::optional<std::string>& branch) {
  if (!branch) return true;
  for (const RefChange& change : entry.changes) {
    if (change.kind == RefKind::branch && change.name == *branch) return true;
  }
  return false;
}

Exit journal(Context& context, const Arguments& arguments) {
  constexpr size_t kPage = 256;
  uint64_t left = arguments.number("number").value_or(UINT64_MAX);
  const auto branch = arguments.option("branch");
  Store& store = context.repo(Access::read).store();
  uint64_t from =
      context.journal_position().value_or(must(store.last_sequence(), "cannot read the journal"));
  while (from > 0 && left > 0) {
    const auto entries =
        must(store.journal(from, kPage, Direction::backward), "cannot read the journal");
    if (entries.empty()) break;
    for (const JournalEntry& entry : entries) {
      if (left == 0 || !concerns(entry, branch)) continue;
      print(context.out(), entry);
      --left;
    }
    from = entries.back().sequence - 1;
  }
  return Exit::done;
}

// What only says where peers are is no change of the user's.
bool is_tracking_alone(const Receipt& receipt) {
  for (const RefChange& change : receipt.changes) {
    if (change.kind != RefKind::branch || !is_tracking(change.name)) return false;
  }
  return !receipt.changes.empty();
}

Exit step(Context& context, const std::string& verb) {
  context.branch_to_write();
  Repo& repo = context.repo(Access::write);
  const Committing committing(context);
  const CommitInfo info = context.commit_info(verb);
  auto result = verb == "undo" ? repo.undo(info) : repo.redo(info);
  while (result && is_tracking_alone(*result)) {
    result = verb == "undo" ? repo.undo(info) : repo.redo(info);
  }
  if (!result && result.error().kind == Error::Kind::not_found) {
    throw Failure{
        Exit::not_found, "there is nothing to " + verb, {}, {"see what was done: ukstore journal"}};
  }
  const Receipt receipt = must(result, "cannot " + verb);
  const auto entries = must(repo.store().journal(receipt.sequence, 1, Direction::forward),
                            "cannot read the journal");
  const uint64_t target = entries.empty() ? 0 : entries[0].target;
  const auto targets =
      must(repo.store().journal(target, 1, Direction::forward), "cannot read the journal");
  const Bytes command = targets.empty() ? Bytes() : targets[0].note;
  Output& out = context.out();
  if (out.is_json()) {
    Json object = {{"journal", receipt.sequence}, {"target", target}};
    put_bytes(object, "command", command);
    object["changes"] = changes_of(receipt.changes);
    out.object(object);
    return Exit::done;
  }
  out.note((verb == "undo" ? "undid " : "redid ") + std::to_string(target) + ": " +
           printable(command));
  for (const RefChange& change : receipt.changes) out.note("  " + text_of(change));
  return Exit::done;
}

Exit undo(Context& context, const Arguments&) { return step(context, "undo"); }
Exit redo(Context& context, const Arguments&) { return step(context, "redo"); }

}  // namespace

std::vector<Command> journal_commands() {
  const std::string_view two = "ukstore set a 1 --quiet\nukstore set a 2 --quiet";
  return {
      {.name = "journal",
       .usage = "",
       .summary = "every change of a branch or tag, newest first, with the command that made it",
       .more = "With --branch only what changed that branch; --at-journal N begins at entry N.",
       .options = {{"number", 'n', "N", "at most so many"}},
       .example = {two, "ukstore journal -n 1", "2  ukstore set a 2 --quiet  main: HASH -> HASH\n"},
       .run = journal},
      {.name = "undo",
       .usage = "",
       .summary = "takes back the newest change that was not taken back; again, the one before",
       .more = "Heads move back; on a branch that others may hold the inverse is committed.",
       .example = {two, "ukstore undo --quiet && ukstore get a", "1"},
       .run = undo},
      {.name = "redo",
       .usage = "",
       .summary = "does again what undo took back",
       .example = {"ukstore set a 1 --quiet\nukstore set a 2 --quiet\nukstore undo --quiet",
                   "ukstore redo --quiet && ukstore get a", "2"},
       .run = redo},
  };
}

}  // namespace ukstore::cli
