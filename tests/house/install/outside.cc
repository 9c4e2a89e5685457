// What a user of the installed package writes first: it must compile, link and run from outside.

#include <ukstore/ukstore.h>

#include <cstdio>

int main() {
  auto repo = ukstore::Repo::open(ukstore::make_memory_backend());
  if (!repo) return 1;
  ukstore::Branch branch = (*repo)->branch("main");
  if (!branch.set("greeting", "hello")) return 1;
  const auto found = branch.get("greeting");
  if (!found || *found != "hello") return 1;
  std::puts((*found)->c_str());
}
