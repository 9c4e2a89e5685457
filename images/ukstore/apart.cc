#include <ukstore/images/ukstore/apart.h>

#include <ukstore/images/ukstore/peers.h>

namespace ukstore::cli {
namespace {

uint64_t count_beyond(const CommitSource& source, const ObjectRef& from, const ObjectRef& hidden) {
  const std::string doing = "cannot compare the branches";
  WalkBudget budget;
  const ObjectRef start = must(source.resolve(from), doing);
  Log log = must(Log::start(source, {&start, 1}, {.hide = {hidden}}, budget), doing);
  uint64_t count = 0;
  while (must(log.next(), doing)) ++count;
  return count;
}

}  // namespace

Apart apart(const CommitSource& source, const ObjectRef& branch, const ObjectRef& other) {
  if (branch.hash == other.hash) return {};
  return {count_beyond(source, branch, other), count_beyond(source, other, branch)};
}

std::string text_of(const Apart& apart) {
  return std::to_string(apart.ahead) + " ahead, " + std::to_string(apart.behind) + " behind";
}

std::vector<Tracked> tracked(const CommitSource& source, const std::vector<Ref>& refs,
                             const Ref& branch) {
  std::vector<Tracked> all;
  for (const Ref& ref : refs) {
    if (ref.kind != RefKind::branch || !is_tracking(ref.name)) continue;
    BytesView rest = BytesView(ref.name).substr(ref.name.find('/') + 1);
    const size_t slash = rest.find('/');
    if (slash == BytesView::npos || rest.substr(slash + 1) != branch.name) continue;
    all.push_back(
        {Bytes(rest.substr(0, slash)), ref.head.ref, apart(source, branch.head.ref, ref.head.ref)});
  }
  return all;
}

Json tracked_array(const std::vector<Tracked>& all) {
  Json array = Json::array();
  for (const Tracked& one : all) {
    Json object = Json::object();
    put_bytes(object, "remote", one.remote);
    object["head"] = to_hex(one.head.hash);
    object["ahead"] = one.apart.ahead;
    object["behind"] = one.apart.behind;
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace ukstore::cli
