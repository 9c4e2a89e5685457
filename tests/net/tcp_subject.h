#pragma once
// Subjects that scripts run against.

#include <ukstore/libos/net/dev/caps.h>
#include <memory>
#include <string>

#include "tcp_script.h"

namespace ukstore::net::script {

// The pure connection with its listener and TIME-WAIT record, in virtual time.
std::unique_ptr<Subject> make_pure_subject();

// A whole stack at one end of a simulated link, in virtual time, with a device of these `caps`.
std::unique_ptr<Subject> make_stack_subject(const Caps& caps);

// Linux behind a tunnel device in a network namespace of the calling thread, which must not be
// used for anything else afterwards. Sets `why` and returns nullptr if this machine does not
// let us.
std::unique_ptr<Subject> make_linux_subject(std::string& why);

}  // namespace ukstore::net::script
