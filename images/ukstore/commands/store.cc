// init and status.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/store_id.h>
#include <ukstore/store/history.h>

namespace ukstore::cli {
namespace {

Exit init(Context& context, const Arguments& arguments) {
  std::filesystem::path folder;
  if (const auto given = arguments.find("DIR")) {
    folder = context.place(*given) / ".ukstore";
  } else if (const auto store = arguments.option("store")) {
    folder = context.place(*store);
  } else if (const auto variable = context.variable("UKSTORE_STORE")) {
    folder = context.place(*variable);
  } else {
    folder = context.place(".ukstore");
  }
  Repo& repo = context.create(folder);
  const std::string id = make_store_id(repo.store());
  if (context.out().is_json()) {
    context.out().object({{"store", folder.string()}, {"id", id}});
    return Exit::done;
  }
  context.out().note("made a store in " + folder.string());
  context.out().line("id " + id);
  return Exit::done;
}

// How many commits each of two heads has that the other lacks.
struct Apart {
  uint64_t ahead = 0;
  uint64_t behind = 0;
};

uint64_t count_beyond(const CommitSource& source, const ObjectRef& from, const ObjectRef& hidden) {
  const std::string doing = "cannot compare the branches";
  WalkBudget budget;
  const ObjectRef start = must(source.resolve(from), doing);
  Log log = must(Log::start(source, {&start, 1}, {.hide = {hidden}}, budget), doing);
  uint64_t count = 0;
  while (must(log.next(), doing)) ++count;
  return count;
}

Apart apart(const CommitSource& source, const ObjectRef& branch, const ObjectRef& other) {
  return {count_beyond(source, branch, other), count_beyond(source, other, branch)};
}

struct BranchRow {
  Bytes name;
  ObjectRef head;
  std::optional<Apart> apart;
};

std::vector<BranchRow> branch_rows(Context& context, const std::optional<ObjectRef>& head) {
  std::vector<BranchRow> rows;
  const auto source =
      must(context.repo(Access::read).store().commits(), "cannot compare the branches");
  for (const Ref& ref : all_refs(context)) {
    if (ref.kind != RefKind::branch) continue;
    BranchRow row{ref.name, ref.head.ref, std::nullopt};
    if (head && ref.name != context.branch_name()) row.apart = apart(*source, row.head, *head);
    rows.push_back(row);
  }
  return rows;
}

Exit status(Context& context, const Arguments&) {
  Output& out = context.out();
  Store& store = context.repo(Access::read).store();
  const auto head = context.commit();
  const State state = context.state();
  const uint64_t generation =
      head ? must(store.commit(*head), "cannot read the head").commit.generation : 0;
  const uint64_t journal = must(store.last_sequence(), "cannot read the journal");
  const auto rows = branch_rows(context, head);
  const std::string id = store_id(store);
  if (out.is_json()) {
    Json branches = Json::array();
    for (const BranchRow& row : rows) {
      Json branch = Json::object();
      put_bytes(branch, "branch", row.name);
      branch["head"] = to_hex(row.head.hash);
      if (row.apart) {
        branch["ahead"] = row.apart->ahead;
        branch["behind"] = row.apart->behind;
      }
      branches.push_back(std::move(branch));
    }
    Json object = {{"store", context.store_folder().string()}, {"id", id}};
    put_bytes(object, "branch", context.branch_name());
    object["head"] = head ? Json(to_hex(head->hash)) : Json(nullptr);
    object["generation"] = generation;
    object["tree"] = to_hex(state.hash());
    object["count"] = state.tree().count();
    object["size"] = state.tree().bytes();
    object["journal"] = journal;
    object["branches"] = std::move(branches);
    out.object(object);
    return Exit::done;
  }
  out.line("store   " + context.store_folder().string());
  out.line("branch  " + printable(context.branch_name()));
  if (head) {
    out.line("head    " + to_hex(head->hash) + ", generation " + std::to_string(generation));
    out.line("holds   " + std::to_string(state.tree().count()) + " entries at the top, " +
             std::to_string(state.tree().bytes()) + " bytes");
  } else {
    out.line("head    none: nothing was written yet.  Next: ukstore set notes/today hi");
  }
  out.line("journal " + std::to_string(journal) + " entries");
  for (const BranchRow& row : rows) {
    if (!row.apart) continue;
    out.line("branch  " + printable(row.name) + ": " + std::to_string(row.apart->ahead) +
             " ahead, " + std::to_string(row.apart->behind) + " behind");
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> store_commands() {
  return {
      {.name = "init",
       .usage = "[DIR]",
       .summary = "makes a store in DIR/.ukstore and prints its id",
       .more = "With --store or UKSTORE_STORE the store is that folder itself.",
       .example = {"", "ukstore init work --quiet", "id HASH\n"},
       .run = init},
      {.name = "status",
       .usage = "",
       .summary = "which branch, which head, what it holds, how far the others are from it",
       .example = {"ukstore set a 1 --quiet\nukstore branch create draft --quiet\n"
                   "ukstore set b 2 --branch draft --quiet",
                   "ukstore status | tail -n 1", "branch  draft: 1 ahead, 0 behind\n"},
       .run = status},
  };
}

}  // namespace ukstore::cli
