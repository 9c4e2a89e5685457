#pragma once
// sync --follow: this store and its peers in step, for as long as the command runs.

#include <ukstore/images/ukstore/contact.h>

namespace ukstore::cli {

// Never returns unless something fails for good; prints each change that comes and each peer that
// comes and goes.  All keys are made sure of at the beginning.
[[noreturn]] Exit follow_peers(Dialler& dialler, std::vector<Destination> destinations,
                               std::vector<Bytes> branches);

}  // namespace ukstore::cli
