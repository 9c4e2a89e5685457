#include <ukstore/libos/core/devices.h>

#include <bit>

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/counters.h>
#include <ukstore/libos/core/disk_file.h>
#include <ukstore/libos/core/late.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/virtio/dma.h>
#include <ukstore/libos/core/virtio/pci.h>
#include <ukstore/libos/core/virtio/small.h>

namespace ukstore::libos {
namespace {

constexpr size_t kMmioMax = 32, kPciMax = 16, kVectors = 256;
constexpr uint64_t kFramesKept = 64;  // never given to the cache

Late<MmioTransport> mmio[kMmioMax];
Late<PciTransport> pci[kPciMax];
size_t pci_count = 0;
MachineTransport* by_vector[kVectors] = {};

// One of each kind; a second one is left alone.
Late<VirtioBlock> block;
Late<VirtioNet> net;
Late<VirtioRandom> random_device;
Late<VirtioConsole> console;
const Transport* net_transport = nullptr;
bool has_block = false, has_net = false, has_random = false, has_console = false;
Late<DiskFile> disk_room;
DiskFile* disk = nullptr;

void start_block(Transport& transport, const Settings& settings) {
  if (has_block) return;
  if (!block.make().start(transport)) panic(Trap::bad_machine, "the disk cannot be used");
  has_block = true;
  uint64_t mib = block->blocks() * kBlockBytes >> 20;
  if (block->has_flush()) {
    log("disk: ", mib, " MiB, commits are flushed");
  } else if (settings.trust_device) {
    log("disk: ", mib, " MiB, NO FLUSH: durability is the device's word");
    console_write("libos: this disk has no flush; durability is the device's word\n");
  } else {
    panic(Trap::no_flush,
          "the disk has no flush, so no commit on it is durable; durability=device "
          "takes the device's word for it");
  }
}

void start_device(Transport& transport, const Settings& settings) {
  switch (transport.kind()) {
    case DeviceKind::block:
      return start_block(transport, settings);
    case DeviceKind::net:
      if (has_net || !net.make().start(transport)) return;
      has_net = true;
      net_transport = &transport;
      return;
    case DeviceKind::random:
      has_random = has_random || random_device.make().start(transport);
      return;
    case DeviceKind::console:
      if (has_console || !console.make().start(transport)) return;
      has_console = true;
      return console_use([](std::string_view text) { console->write(text); });
    default:
      return;
  }
}

void found_pci(PciAddress at, void* context) {
  if (pci_count == kPciMax) return;
  uint8_t vector = allocate_vector();
  PciTransport& transport = pci[pci_count++].make();
  by_vector[vector] = &transport;
  transport.start(at, vector);
  start_device(transport, *static_cast<const Settings*>(context));
}

// The pages of an array of `count` elements, zeroed.
template <typename T>
std::span<T> make_array(size_t count) {
  std::byte* pages = kernel_pages(page_ceil(count * sizeof(T)) / kPageBytes);
  if (!pages) panic(Trap::bad_machine, "too little memory for the page cache");
  return {reinterpret_cast<T*>(pages), count};
}

// What the cache's tables take for each page of it, with the buckets at their least dense.
constexpr uint64_t kTableBytesPerPage =
    sizeof(CacheSlot) + 2 * sizeof(uint32_t) + sizeof(uint32_t) + sizeof(std::byte*);

uint64_t cache_pages(const Settings& settings) {
  uint64_t left = frames_uncommitted();
  uint64_t wanted = settings.cache_kib ? settings.cache_kib * 1024 / kPageBytes : left / 3;
  uint64_t possible =
      left > kFramesKept ? (left - kFramesKept) * kPageBytes / (kPageBytes + 2 * kTableBytesPerPage)
                         : 0;
  if (wanted > block->blocks() + PageCache::kSlotsMin)
    wanted = block->blocks() + PageCache::kSlotsMin;
  if (wanted > possible && settings.cache_kib) {
    panic(Trap::bad_machine, "cache=", settings.cache_kib, " is more than the memory left");
  }
  if (wanted > possible) wanted = possible;
  return wanted < PageCache::kSlotsMin ? PageCache::kSlotsMin : wanted;
}

}  // namespace

void devices_start(const Settings& settings) {
  for (size_t i = 0; i < settings.mmio_count; ++i) {
    uint8_t vector = allocate_vector();
    MmioTransport& transport = mmio[i].make();
    by_vector[vector] = &transport;
    transport.start(settings.mmio[i], vector);
    start_device(transport, settings);
  }
  scan_pci(found_pci, const_cast<Settings*>(&settings));
}

void disk_start(const Settings& settings) {
  if (!has_block) return;
  uint64_t pages = cache_pages(settings);
  PageCache::Memory memory{.slots = make_array<CacheSlot>(pages),
                           .buckets = make_array<uint32_t>(std::bit_ceil(pages)),
                           .sorted = make_array<uint32_t>(pages),
                           .pages = make_array<std::byte*>(pages)};
  if (!commit(pages)) panic(Trap::bad_machine, "too little memory for the page cache");
  disk = &disk_room.make(*block, memory);
  if (!disk->start()) panic(Trap::bad_machine, "the disk cannot be read, or has under 8 KiB");
  use_disk(*disk, settings.disk_path);
  log("disk: at ", settings.disk_path, ", cache of ", pages * kPageBytes >> 10, " KiB");
}

bool random_from_device(std::span<std::byte> out) { return has_random && random_device->fill(out); }

VirtioNet* network() { return has_net ? &*net : nullptr; }

void drop_disk_cache() {
  if (disk) disk->drop_clean();
}

void device_interrupt(uint8_t vector) {
  MachineTransport* transport = by_vector[vector];
  if (!transport) return;
  transport->interrupt();
  if (transport == net_transport) network_event();
}

void collect_device_counters() {
  BlockCounters b = has_block ? block->counters() : BlockCounters{};
  counters.disk_requests = b.requests;
  counters.disk_bytes_read = b.bytes_read;
  counters.disk_bytes_written = b.bytes_written;
  counters.disk_flushes = b.flushes;
  counters.disk_errors = b.errors;
  CacheCounters c = disk ? disk->counters() : CacheCounters{};
  counters.cache_hits = c.hits;
  counters.cache_misses = c.misses;
  counters.cache_evictions = c.evictions;
  NetCounters n = has_net ? net->counters() : NetCounters{};
  counters.frames_received = n.received;
  counters.frames_sent = n.sent;
  counters.frames_dropped = n.dropped;
  counters.device_faults = (has_block ? block->faults() : 0) + (has_net ? net->faults() : 0);
}

std::byte* dma_page() {
  if (!commit(1)) return nullptr;
  uint64_t frame = allocate_frame(FrameKind::data);
  require(frame != 0, "no frame for committed memory");
  return direct(frame);
}

uint64_t dma_address(const void* pointer) { return physical_of_direct(pointer); }

}  // namespace ukstore::libos
