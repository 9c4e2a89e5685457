#pragma once
// Whether the key that a peer has shown is the right one.

#include <ukstore/images/ukstore/destination.h>

namespace ukstore::cli {

// Returns if the key is the one that the address names, the one that was seen there before, or a
// trusted one, or if the user takes it: asked on a terminal, or by --trust-new.  Then it is
// remembered for that address.  Throws wrong_key, with both keys, else.
void accept_key(Context& context, Store& store, const Destination& destination, const Bytes& shown);

// A fingerprint of the user's.  Throws a Failure if it is none.
std::string fingerprint_of(const std::string& word);
// The same, or the name of a trusted peer.
std::string find_fingerprint(const Peers& peers, const std::string& word);

}  // namespace ukstore::cli
