#pragma once
// How commits of git and of the store say the same: signatures, headers, the order of parents
// (docs/exchange.md, "Commits").

#include <ukstore/merge/exchange/fast_import_stream.h>
#include <ukstore/store/commit.h>

#include <span>

namespace ukstore {

// Headers of an imported commit or tag, beside those that git itself has ("encoding", "gpgsig").
constexpr BytesView kParentsHeader = "git-parents";         // "1 0": the order, if it is another
constexpr BytesView kAuthorDateHeader = "git-author-date";  // as written, if it is odd
constexpr BytesView kCommitterDateHeader = "git-committer-date";
constexpr BytesView kTaggerDateHeader = "git-tagger-date";

// "NAME <ADDRESS> SECONDS ZONE" as git's fast-import writes it: a space comes before an address
// without a name.  `invalid` for what fast-import refuses.
Result<Bytes> normal_ident(BytesView ident);

// A normal ident as a signature, and its date as written if the signature does not say it exactly
// ("-0000", "+0060").
struct ReadIdent {
  Signature signature;
  std::optional<Bytes> odd_date;
};
ReadIdent read_ident(BytesView ident);
// And back.
Bytes write_ident(const Signature& signature, const std::optional<Bytes>& odd_date);

// The bytes of git's commit object.
Bytes git_commit_text(const GitId& tree, std::span<const GitId> parents, BytesView author,
                      BytesView committer, std::span<const fast_import::Header> headers,
                      BytesView message);

// The value of a header, if there is one.
std::optional<Bytes> header_value(const std::vector<std::pair<Bytes, Bytes>>& headers,
                                  BytesView name);

}  // namespace ukstore
