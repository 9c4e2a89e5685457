#include <ukstore/store/lmdb_error.h>

#include <lmdb.h>

#include <cerrno>

namespace ukstore {
namespace {

struct Meaning {
  Error::Kind kind;
  std::string_view advice;
};

Meaning meaning(int code) {
  switch (code) {
    case MDB_MAP_FULL:
      return {Error::Kind::full, "open the store with a larger map, or make room in it"};
    case ENOSPC:
    case EDQUOT:
      return {Error::Kind::full, "make room on the disk"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
      return {Error::Kind::corrupt, "the file is damaged or no store: check it"};
    case MDB_VERSION_MISMATCH:
      return {Error::Kind::unsupported, "the file is of another version of LMDB"};
    case MDB_READERS_FULL:
      return {Error::Kind::limit, "too many readers at once"};
    case MDB_TXN_FULL:
      return {Error::Kind::limit, "the transaction is too large"};
    case ENOMEM:
      return {Error::Kind::limit, "out of memory"};
    case ENOENT:
      return {Error::Kind::no_store, "there is no store there"};
    case EROFS:
    case EACCES:
    case EPERM:
      return {Error::Kind::io, "see the permissions, or open it for reading"};
    case MDB_MAP_RESIZED:
      return {Error::Kind::io, "another process made the file larger than the map: reopen it"};
    default:
      return {Error::Kind::io, ""};
  }
}

}  // namespace

std::unexpected<Error> lmdb_failure(int code, std::string_view doing) {
  Meaning what = meaning(code);
  std::string message(doing);
  message += ": ";
  message += mdb_strerror(code);
  if (!what.advice.empty()) message.append("; ").append(what.advice);
  return fail(what.kind, std::move(message));
}

}  // namespace ukstore
