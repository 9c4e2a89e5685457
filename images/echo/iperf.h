#pragma once
// The server's side of iperf3's protocol, version 3.x: one test at a time over TCP, in either
// direction.  Its states and messages are those of iperf_api.h and iperf_server_api.c of iperf 3.

#include <ukstore/images/echo/server.h>

namespace ukstore::echo {

// What the sessions of one port share: the test under way.
class IperfTest;
std::shared_ptr<IperfTest> make_iperf_test();

// A session of port 5201: the first connection of a test controls it, the others are its streams.
std::unique_ptr<Session> make_iperf(const std::shared_ptr<IperfTest>& test);

}  // namespace ukstore::echo
