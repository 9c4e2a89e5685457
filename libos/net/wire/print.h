#pragma once
// Frames as one line of text, in the manner of tcpdump.

#include <ukstore/libos/net/wire/byte_order.h>
#include <string>

namespace ukstore::net {

// An Ethernet frame: "IP 10.0.0.1.80 > 10.0.0.2.4711: Flags [S.], seq ...", "ARP, Request who-has
// 10.0.0.2 tell 10.0.0.1", "IP6 fe80::1 > ff02::1: ICMP6, router advertisement", and so on.  What
// cannot be read is said so: "[truncated]".  Checksums of TCP and UDP are not checked, as a device
// may still have to fill them in.
std::string describe_frame(ByteSpan frame);

// The same for an IP packet of either family.
std::string describe_packet(ByteSpan packet);

}  // namespace ukstore::net
