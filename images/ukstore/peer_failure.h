#pragma once
// What went wrong between two replicas, in words and as an exit code.

#include <ukstore/images/ukstore/failure.h>

#include <kj/exception.h>

namespace ukstore::cli {

// The end of a KJ exception's text, where the reason stands: "Connection refused".
std::string reason_of(const kj::Exception& exception);

// A peer could not be reached; `address` is as the user gave it, `host_and_port` what was dialled.
Failure unreachable(const kj::Exception& exception, const std::string& address,
                    const std::string& host_and_port);

// Something failed within a conversation; `doing` says what was tried.  Tells faults of the peer,
// faults of this end and lost connections apart.
Failure peer_failure(const kj::Exception& exception, std::string doing);

}  // namespace ukstore::cli
