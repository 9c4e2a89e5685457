#pragma once
// A storage node: a store on its own disk that serves the sync protocol and keeps branches in step
// with its peers.

#include <ukstore/images/node/platform.h>

namespace ukstore::node {

// Opens the store, or makes it, with a key of its own; says `node FINGERPRINT listening on ADDRESS`
// and, if it has them, `metrics on ADDRESS`; serves until the platform wants it to stop; closes the
// store.  Fails with what the store says, or `io` if it cannot listen.  Killing it at any moment
// loses nothing that was acknowledged.
Result<void> run(Platform& platform, const Config& config);

}  // namespace ukstore::node
