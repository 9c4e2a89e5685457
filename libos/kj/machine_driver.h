#pragma once
// Drives a stack on the machine's network device from libos's event loop: an image's way to run it.
//
//     EventPort port;
//     kj::EventLoop loop(port);
//     auto device = FrameDevice::open();
//     net::Stack stack(*device, config, machine_now());
//     StackEvents events(stack, machine_now);
//     MachineDriver driver(port, events);
//     StackNetwork network(events);

#include <ukstore/libos/kj/event_port.h>
#include <ukstore/libos/kj/frame_device.h>
#include <ukstore/libos/kj/stack_events.h>

namespace ukstore::libos_kj {

// The monotonic clock as the stack's time; EventPort's timer counts from the same moment.
net::Time machine_now();

class MachineDriver {
 public:
  // Runs for as long as it lives.  `port` and `events` outlive it; nobody else takes
  // port.whenWoken().
  MachineDriver(EventPort& port, StackEvents& events);
  KJ_DISALLOW_COPY(MachineDriver);

 private:
  kj::Promise<void> run();

  EventPort& port_;
  StackEvents& events_;
  kj::Promise<void> running_;
};

}  // namespace ukstore::libos_kj
