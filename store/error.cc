#include <ukstore/store/error.h>

namespace ukstore {

std::string_view name(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::invalid:
      return "invalid";
    case Error::Kind::not_found:
      return "not_found";
    case Error::Kind::moved:
      return "moved";
    case Error::Kind::corrupt:
      return "corrupt";
    case Error::Kind::io:
      return "io";
    case Error::Kind::full:
      return "full";
    case Error::Kind::locked:
      return "locked";
    case Error::Kind::read_only:
      return "read_only";
    case Error::Kind::closed:
      return "closed";
    case Error::Kind::unsupported:
      return "unsupported";
    case Error::Kind::limit:
      return "limit";
    case Error::Kind::no_store:
      return "no_store";
    case Error::Kind::counts_twice:
      return "counts_twice";
    case Error::Kind::base_missing:
      return "base_missing";
  }
  return "unknown";
}

}  // namespace ukstore
