#pragma once
// Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323, section 5.4).

#include <ukstore/libos/net/tcp/tuple.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/seq_number.h>
#include <cstdint>

namespace ukstore::net {

// ISN = M + F(tuple, key), M ticking every 4 microseconds: two lives of one tuple do not
// overlap, and nobody without the key can guess it.
SeqNumber initial_sequence_number(SecretKey key, const Tuple& tuple, Time now);

// What is added to the millisecond clock to make this tuple's TSval.
uint32_t timestamp_offset(SecretKey key, const Tuple& tuple);

}  // namespace ukstore::net
