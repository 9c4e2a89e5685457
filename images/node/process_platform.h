#pragma once
// A node as a process: on the kernel's network, or, with `tap`, with our own stack on a TAP device.
// Ctrl-C and SIGTERM end it.

#include <ukstore/images/node/platform.h>

#include <kj/function.h>

namespace ukstore::node {

// `config` outlives the platform; `say` takes its lines.  Fails with what keeps the TAP device from
// being opened.  One at a time in a process, as signals go to it.
Result<std::unique_ptr<Platform>> open_process(const Config& config,
                                               kj::Function<void(std::string_view)> say);

}  // namespace ukstore::node
