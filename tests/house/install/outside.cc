// What a user of the installed package writes first: it must compile, link and run from outside.

#include <ukstore/ukstore.h>

#include <cstdio>

int main() {
  const auto name = ukstore::hash_object(ukstore::ObjectKind::blob, "hello");
  std::puts(ukstore::to_hex(name).c_str());
  return ukstore::hash_from_hex(ukstore::to_hex(name)) == name ? 0 : 1;
}
