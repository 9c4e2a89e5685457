#include <ukstore/images/ukstore/commit_text.h>

#include <ukstore/store/tree.h>

#include <ctime>

namespace ukstore::cli {
namespace {

// "Ann <ann@example.org>" is Ann.
Bytes name_of(const Signature& signature) {
  const size_t address = signature.name.find(" <");
  return signature.name.substr(0, address);
}

}  // namespace

std::string short_hash(const Hash& hash) { return to_hex(hash).substr(0, 12); }

Json commit_object(const StoredCommit& stored) {
  const Commit& commit = stored.commit;
  Json parents = Json::array();
  for (const ObjectRef& parent : commit.parents) parents.push_back(to_hex(parent.hash));
  Json object = {{"commit", to_hex(stored.ref.hash)},
                 {"parents", parents},
                 {"generation", commit.generation},
                 {"tree", to_hex(commit.tree.hash)}};
  if (commit.author) {
    put_bytes(object, "author", commit.author->name);
    object["date"] = date_text(commit.author->seconds);
  } else {
    object["author"] = nullptr;
    object["date"] = nullptr;
  }
  put_bytes(object, "message", commit.message);
  return object;
}

std::string subject(const Commit& commit) {
  if (commit.canonical_merge) return "merge";
  return printable(BytesView(commit.message).substr(0, commit.message.find('\n')));
}

std::string commit_line(const StoredCommit& stored) {
  std::string line = short_hash(stored.ref.hash);
  if (const auto& author = stored.commit.author) {
    std::string date = date_text(author->seconds).substr(0, 16);
    date[10] = ' ';
    line += " " + date + " " + printable(name_of(*author)) + ":";
  }
  return line + " " + subject(stored.commit);
}

std::string date_text(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  char text[64];
  if (!gmtime_r(&time, &utc)) return std::to_string(seconds);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

}  // namespace ukstore::cli
