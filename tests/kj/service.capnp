@0xd5c3a1f8e0b24c77;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("ukstore::libos_kj");

interface Service {
  # What a test calls over the network.
  double @0 (value :UInt64) -> (value :UInt64);
  make @1 (bytes :UInt32) -> (data :Data);
  sink @2 () -> (sink :Service);
}
