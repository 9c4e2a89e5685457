// init and status.
#include <ukstore/images/ukstore/apart.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/hosting.h>
#include <ukstore/images/ukstore/peers.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/store_id.h>

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
  const Bytes key = own_identity(repo.store(), folder).fingerprint();
  if (context.out().is_json()) {
    context.out().object({{"store", folder.string()}, {"id", id}, {"fingerprint", key}});
    return Exit::done;
  }
  context.out().note("made a store in " + folder.string());
  context.out().line("id " + id);
  context.out().line("key " + key);
  return Exit::done;
}

struct BranchRow {
  Bytes name;
  ObjectRef head;
  std::optional<Apart> apart;    // from the branch in use, if it is another
  std::vector<Tracked> remotes;  // where peers have it
};

std::vector<BranchRow> branch_rows(Context& context, const std::optional<ObjectRef>& head) {
  std::vector<BranchRow> rows;
  const auto source =
      must(context.repo(Access::read).store().commits(), "cannot compare the branches");
  const std::vector<Ref> refs = all_refs(context);
  for (const Ref& ref : refs) {
    if (ref.kind != RefKind::branch || is_inner(ref.name)) continue;
    BranchRow row{ref.name, ref.head.ref, std::nullopt, tracked(*source, refs, ref)};
    if (head && ref.name != context.branch_name()) row.apart = apart(*source, row.head, *head);
    rows.push_back(std::move(row));
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
      if (!row.remotes.empty()) branch["remotes"] = tracked_array(row.remotes);
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
    object["remotes"] = peers_of(store).remotes;
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
    out.line("branch  " + printable(row.name) + ": " + text_of(*row.apart));
  }
  for (const BranchRow& row : rows) {
    for (const Tracked& one : row.remotes) {
      out.line("remote  " + printable(one.remote) + ": " + printable(row.name) + " is " +
               text_of(one.apart));
    }
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> store_commands() {
  return {
      {.name = "init",
       .usage = "[DIR]",
       .summary = "makes a store in DIR/.ukstore and prints its id and the fingerprint of its key",
       .more = "With --store or UKSTORE_STORE the store is that folder itself.",
       .example = {"", "ukstore init work --quiet", "id HASH\nkey HASH\n"},
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
