#include <ukstore/merge/kind.h>

namespace ukstore {

std::string name(Kind kind) {
  switch (kind) {
    case Kind::file:
      return "file";
    case Kind::executable:
      return "executable";
    case Kind::symlink:
      return "symlink";
    case Kind::gitlink:
      return "gitlink";
    case Kind::map:
      return "map";
    case Kind::counter:
      return "counter";
    case Kind::last_writer:
      return "last-writer register";
    case Kind::multi_value:
      return "multi-value register";
    case Kind::flag:
      return "flag";
    case Kind::set:
      return "set";
    case Kind::log:
      return "log";
    default:
      return "type " + std::to_string(static_cast<int>(kind));
  }
}

}  // namespace ukstore
