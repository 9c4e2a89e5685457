#pragma once
#include "probe.h"

namespace probe {

// A new Ed25519 key with a self-signed certificate, both as PEM.
struct Identity {
  std::string key, certificate;
};
Identity make_identity();

}  // namespace probe
