// backup, restore and bundle: a store, or a part of its history, as one file.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/files.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/store_id.h>
#include <ukstore/store/history.h>
#include <ukstore/store/slice.h>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

std::string word(RefKind kind) { return kind == RefKind::branch ? "branch" : "tag"; }

Json ref_object(const Ref& ref, std::string_view result) {
  Json object = Json::object();
  put_bytes(object, word(ref.kind), ref.name);
  object["head"] = to_hex(ref.head.ref.hash);
  object["result"] = result;
  return object;
}

void write_file(Context& context, const std::string& name, const SliceRequest& request) {
  Store& store = context.repo(Access::read).store();
  NewFile file(name, context.place(name), context.process().out);
  Progress progress(context, "writing " + name, "bytes");
  uint64_t done = 0;
  const SliceCounts counts = must(write_slice(store, request,
                                              [&](BytesView bytes) -> Result<void> {
                                                file.write(bytes);
                                                progress.at(done += bytes.size());
                                                return {};
                                              }),
                                  "cannot write " + in_quotes(name));
  file.finish();
  if (name == "-") return;  // standard output holds the file itself
  if (context.out().is_json()) {
    context.out().object({{"file", name},
                          {"refs", request.heads.size()},
                          {"commits", counts.commits},
                          {"objects", counts.objects},
                          {"size", counts.bytes}});
    return;
  }
  context.out().note(std::to_string(request.heads.size()) + " refs, " +
                     std::to_string(counts.commits) + " commits, " +
                     std::to_string(counts.objects) + " objects, " + std::to_string(counts.bytes) +
                     " bytes");
}

AppliedSlice read_file(Context& context, const std::string& name) {
  OldFile file(name, context.place(name), context.process().in);
  Progress progress(context, "reading " + name, "bytes", file.size());
  uint64_t done = 0;
  const auto source = [&](std::span<char> to) -> Result<size_t> {
    const size_t size = file.read(to);
    progress.at(done += size);
    return size;
  };
  auto applied = apply_slice(context.repo(Access::write).store(), source);
  if (applied) return std::move(*applied);
  Failure failure = failure_of(applied.error(), "cannot take in " + in_quotes(name));
  if (failure.exit == Exit::corrupt) {
    failure.hints = {
        "the file is cut off, damaged or no backup of ukstore; write it again: "
        "ukstore backup FILE"};
  }
  throw failure;
}

Exit backup(Context& context, const Arguments& arguments) {
  write_file(context, arguments.at("FILE"), {.heads = all_refs(context)});
  return Exit::done;
}

// What must not be lost unasked: refs that are elsewhere than in the backup.
void refuse_moves(Context& context, const std::vector<Ref>& heads) {
  for (const Ref& ref : heads) {
    const auto now = find_ref(context, ref.kind, ref.name);
    if (!now || *now == ref.head) continue;
    throw Failure{Exit::user_error,
                  word(ref.kind) + " " + in_quotes(ref.name) + " is elsewhere than in the backup",
                  {"here: " + to_hex(now->ref.hash), "there: " + to_hex(ref.head.ref.hash)},
                  {"restore into a new store: ukstore --store DIR restore FILE",
                   "or move it, which undo takes back: ukstore restore FILE --force"}};
  }
}

bool is_empty_place(Context& context) {
  try {
    std::error_code error;
    return !fs::exists(context.store_folder() / "data.mdb", error);
  } catch (const Failure&) {
    return true;
  }
}

fs::path folder_for_new_store(Context& context) {
  try {
    return context.store_folder();
  } catch (const Failure&) {
    return context.place(".ukstore");
  }
}

Exit restore(Context& context, const Arguments& arguments) {
  const std::string& name = arguments.at("FILE");
  OldFile(name, context.place(name), context.process().in);  // before a store is made for nothing
  if (is_empty_place(context)) {
    make_store_id(context.create(folder_for_new_store(context)).store());
  }
  const AppliedSlice applied = read_file(context, name);
  Store& store = context.repo(Access::write).store();
  if (!arguments.has("force")) refuse_moves(context, applied.heads);
  const Committing committing(context);
  const auto body = [&](Transaction& tx) -> Result<void> {
    for (const Ref& ref : applied.heads) {
      const auto now = tx.head(ref.kind, ref.name);
      if (!now) return pass_on(now);
      if (*now == ref.head) continue;
      auto ok = tx.compare_and_set(ref.kind, ref.name, *now, ref.head);
      if (!ok) return ok;
    }
    return {};
  };
  must(store.transact(body, {.note = context.command_line(), .when_ms = context.now_ms()}),
       "cannot restore " + in_quotes(name));
  for (const Ref& ref : applied.heads) {
    if (context.out().is_json()) {
      context.out().object(ref_object(ref, "restored"));
    } else {
      context.out().note(word(ref.kind) + " " + printable(ref.name) + " " +
                         to_hex(ref.head.ref.hash));
    }
  }
  return Exit::done;
}

Exit bundle_create(Context& context, const Arguments& arguments) {
  SliceRequest request;
  for (const std::string& name : arguments.rest("NAME")) {
    std::optional<Ref> found;
    for (const RefKind kind : {RefKind::tag, RefKind::branch}) {
      if (const auto head = find_ref(context, kind, name)) found = Ref{kind, name, *head};
    }
    if (!found) throw no_such_branch(context, name);
    request.heads.push_back(std::move(*found));
  }
  if (request.heads.empty()) request.heads = all_refs(context);
  for (const std::string& revision : arguments.all("since")) {
    request.haves.push_back(resolve_revision(context, revision));
  }
  write_file(context, arguments.at("FILE"), request);
  return Exit::done;
}

// Where a head of a bundle goes: its own name, or bundle/NAME if it does not follow what is there.
struct Landing {
  Ref ref;
  std::string_view result;
};

Result<Landing> land(Transaction& tx, const Ref& ref) {
  const auto now = tx.head(ref.kind, ref.name);
  if (!now) return pass_on(now);
  if (*now == ref.head) return Landing{ref, "up-to-date"};
  std::string_view result = "created";
  Ref to = ref;
  if (*now) {
    result = "diverged";
    if (ref.kind == RefKind::branch) {
      WalkBudget budget;
      const auto behind = is_ancestor(tx.commits(), (*now)->ref, ref.head.ref, budget);
      if (!behind) return pass_on(behind);
      if (*behind) result = "fast-forward";
      const auto ahead = is_ancestor(tx.commits(), ref.head.ref, (*now)->ref, budget);
      if (!ahead) return pass_on(ahead);
      if (*ahead) return Landing{ref, "up-to-date"};
    }
    if (result == "diverged") to.name = "bundle/" + ref.name;
  }
  const auto there = tx.head(to.kind, to.name);
  if (!there) return pass_on(there);
  if (*there == to.head) return Landing{to, result};
  auto ok = tx.compare_and_set(to.kind, to.name, *there, to.head);
  if (!ok) return pass_on(ok);
  return Landing{to, result};
}

Exit bundle_apply(Context& context, const Arguments& arguments) {
  const std::string& name = arguments.at("FILE");
  Store& store = context.repo(Access::write).store();
  const AppliedSlice applied = read_file(context, name);
  std::vector<Landing> landings;
  const Committing committing(context);
  const auto body = [&](Transaction& tx) -> Result<void> {
    landings.clear();
    for (const Ref& ref : applied.heads) {
      auto landing = land(tx, ref);
      if (!landing) return pass_on(landing);
      landings.push_back(std::move(*landing));
    }
    return {};
  };
  must(store.transact(body, {.note = context.command_line(), .when_ms = context.now_ms()}),
       "cannot take in " + in_quotes(name));
  for (const Landing& landing : landings) {
    if (context.out().is_json()) {
      context.out().object(ref_object(landing.ref, landing.result));
      continue;
    }
    context.out().note(word(landing.ref.kind) + " " + printable(landing.ref.name) + " " +
                       std::string(landing.result) + " " + to_hex(landing.ref.head.ref.hash));
    if (landing.result == "diverged" && landing.ref.kind == RefKind::branch) {
      context.out().note("next: ukstore merge " + shell_word(landing.ref.name));
    }
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> archive_commands() {
  constexpr std::string_view kBackup =
      "ukstore set a 1 --quiet\nukstore backup all.ukstore --quiet";
  constexpr std::string_view kBundle =
      "ukstore set a 1 --quiet\nukstore bundle create main.bundle main --quiet\n"
      "ukstore --store other init --quiet > /dev/null";
  return {
      {.name = "backup",
       .usage = "FILE",
       .summary = "writes all branches and tags with their history to one file",
       .more = "FILE - is standard output.  The file appears whole or not at all.",
       .example = {kBackup, "ukstore --store other restore all.ukstore", "branch main HASH\n"},
       .run = backup},
      {.name = "restore",
       .usage = "FILE",
       .summary =
           "sets all branches and tags as a backup has them, in a new store if there is none",
       .options = {{"force", 0, "", "also such as are elsewhere now; undo takes it back"}},
       .example = {kBackup,
                   "ukstore --store other restore all.ukstore --quiet && "
                   "ukstore --store other get a",
                   "1"},
       .run = restore},
      {.name = "bundle create",
       .usage = "FILE [NAME...]",
       .summary = "writes branches and tags with their history to one file; all if none is named",
       .options = {{"since", 0, "REV", "without what this revision has; may be repeated"}},
       .example = {"ukstore set a 1 --quiet\nukstore set b 2 --quiet",
                   "ukstore bundle create new.bundle main --since main~1 | cut -d, -f 1-2",
                   "1 refs, 1 commits\n"},
       .run = bundle_create},
      {.name = "bundle apply",
       .usage = "FILE",
       .summary = "takes a bundle in: branches are made or go forward",
       .more = "A branch that has gone another way here is left alone: what comes in is put under "
               "bundle/NAME, to be merged.",
       .example = {kBundle, "ukstore --store other bundle apply main.bundle",
                   "branch main created HASH\n"},
       .run = bundle_apply},
  };
}

}  // namespace ukstore::cli
