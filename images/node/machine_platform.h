#pragma once
// A node as a machine: libos's network device, our stack, and the disk.  The console ends it: the
// line `stop` on the serial port.

#include <ukstore/images/node/platform.h>

namespace ukstore::node {

// `config` outlives the platform.  Fails without a network device or without addresses.
Result<std::unique_ptr<Platform>> open_machine(const Config& config);

}  // namespace ukstore::node
