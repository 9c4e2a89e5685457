#include "two_hosts.h"

#include <gtest/gtest.h>

#include <ukstore/libos/net/dev/capture.h>
#include <ukstore/libos/net/dev/chunk_pool.h>
#include <ukstore/libos/net/dev/fault_injector.h>
#include <ukstore/libos/net/dev/virtio_header.h>
#include <ukstore/libos/net/wire/print.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <sstream>

// The device contract: offloads change who does the work, never what is on the wire.

namespace ukstore::net {
namespace {

// One oversized TCP segment of `payload` bytes as the stack would hand it over.
struct Oversized {
  Bytes headers;
  Bytes payload;
  FrameMeta meta;

  Oversized(Family family, size_t bytes, uint16_t gso_bytes, uint64_t seed) {
    Random random(seed);
    for (size_t i = 0; i < bytes; ++i) payload.push_back(static_cast<std::byte>(random.next()));
    PacketHeader header;
    TcpHeader tcp{.source_port = 80,
                  .destination_port = 4711,
                  .seq = {static_cast<uint32_t>(random.next())},
                  .ack = {1},
                  .flags = {.fin = random.chance(0.5), .psh = true, .ack = true},
                  .window = 1000};
    tcp.options.timestamps = Timestamps{1, 2};
    tcp.emit(header.push_front(tcp.wire_bytes()));
    IpAddress source = family == Family::ipv4 ? *parse_ip("10.0.0.1") : *parse_ip("fd00::1");
    IpAddress destination = family == Family::ipv4 ? *parse_ip("10.0.0.2") : *parse_ip("fd00::2");
    size_t transport = header.size() + bytes;
    Checksum sum = pseudo_header(source, destination, Protocol::tcp, transport);
    store_be16(header.bytes(), kTcpChecksumOffset, sum.partial());
    size_t tcp_bytes = header.size();
    if (family == Family::ipv4) {
      write(Ipv4Header{.source = source.v4(), .destination = destination.v4(), .id = 0xfffe},
            transport, header.push_front(Ipv4Header::kBytes));
    } else {
      write(Ipv6Header{.source = source.v6(), .destination = destination.v6()}, transport,
            header.push_front(Ipv6Header::kBytes));
    }
    write(EthernetHeader{kRightMac, kLeftMac,
                         family == Family::ipv4 ? EtherType::ipv4 : EtherType::ipv6},
          header.push_front(EthernetHeader::kBytes));
    headers.assign(std::as_const(header).bytes().begin(), std::as_const(header).bytes().end());
    meta = {.checksum = ChecksumState::partial,
            .gso = bytes <= gso_bytes       ? Gso::none
                   : family == Family::ipv4 ? Gso::tcp4
                                            : Gso::tcp6,
            .checksum_start = static_cast<uint16_t>(headers.size() - tcp_bytes),
            .checksum_offset = kTcpChecksumOffset,
            .header_bytes = static_cast<uint16_t>(headers.size()),
            .gso_bytes = gso_bytes};
  }
};

// What comes out at the far end of a cable, for a device with these caps.
std::vector<Bytes> on_the_wire(const Oversized& segment, Caps caps, size_t split) {
  SimLink link(1, {.mac = kLeftMac, .caps = caps}, {.mac = kRightMac});
  SoftwareOffload offload(link.device(LinkEnd::left));
  std::vector<ByteSpan> pieces{segment.headers, ByteSpan(segment.payload).first(split),
                               ByteSpan(segment.payload).subspan(split)};
  EXPECT_EQ(offload.send(Time{}, pieces, segment.meta), SendResult::sent);
  std::vector<Bytes> frames;
  while (auto frame = link.device(LinkEnd::right).receive(Time{}))
    frames.emplace_back(frame->data.bytes().begin(), frame->data.bytes().end());
  return frames;
}

TEST(Offload, EverySubsetPutsTheSameBytesOnTheWire) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    Family family = random.chance(0.5) ? Family::ipv4 : Family::ipv6;
    auto gso_bytes = static_cast<uint16_t>(1 + random.below(1428));
    size_t bytes = random.below(std::min(60'000u, gso_bytes * 50u));
    Oversized segment(family, bytes, gso_bytes, random.next());
    size_t split = random.below(bytes + 1);
    std::vector<Bytes> expected = on_the_wire(segment, kAllCaps, split);
    EXPECT_EQ(expected.size(), std::max<size_t>(1, (bytes + gso_bytes - 1) / gso_bytes));
    for (unsigned subset = 0; subset < 8; ++subset) {
      Caps caps{
          .checksum_tx = (subset & 1) != 0, .tso4 = (subset & 2) != 0, .tso6 = (subset & 4) != 0};
      // A device that cuts segments must sum them too (virtio 1.1, section 5.1.3.1).
      if (!caps.checksum_tx) caps.tso4 = caps.tso6 = false;
      ASSERT_EQ(on_the_wire(segment, caps, split), expected) << subset;
    }
  }
}

TEST(Offload, PiecesAreSegmentsInTheirOwnRight) {
  for (Family family : {Family::ipv4, Family::ipv6}) {
    Oversized segment(family, 10'000, 1400, 9);
    std::vector<Bytes> frames = on_the_wire(segment, kNoCaps, 5000);
    ASSERT_EQ(frames.size(), 8u);
    Bytes payload;
    for (size_t i = 0; i < frames.size(); ++i) {
      ByteSpan ip = ByteSpan(frames[i]).subspan(EthernetHeader::kBytes);
      IpAddress source, destination;
      ByteSpan tcp;
      if (family == Family::ipv4) {
        auto packet = parse_ipv4_packet(ip);
        ASSERT_TRUE(packet);
        EXPECT_EQ(packet->header.id, static_cast<uint16_t>(0xfffe + i));
        source = packet->header.source, destination = packet->header.destination;
        tcp = packet->payload;
      } else {
        auto packet = parse_ipv6_packet(ip);
        ASSERT_TRUE(packet);
        source = packet->header.source, destination = packet->header.destination;
        tcp = packet->payload;
      }
      EXPECT_EQ(transport_checksum(source, destination, Protocol::tcp, tcp), 0);
      auto view = TcpView::check(tcp);
      ASSERT_TRUE(view);
      EXPECT_EQ(view->parse().flags.psh, i + 1 == frames.size());
      append(payload, view->payload());
    }
    EXPECT_EQ(payload, segment.payload);
  }
}

TEST(VirtioHeader, SaysWhatWasMeantAndDistrustsTheRest) {
  FrameMeta meta{.checksum = ChecksumState::partial,
                 .gso = Gso::tcp6,
                 .checksum_start = 54,
                 .checksum_offset = 16,
                 .header_bytes = 86,
                 .gso_bytes = 1428};
  auto header = virtio_header(meta);
  auto parsed = parse_virtio_header(header, 5000);
  ASSERT_TRUE(parsed);
  // On the way in nobody has to finish it: it has not left the machine.
  FrameMeta expected = meta;
  expected.checksum = ChecksumState::valid;
  EXPECT_EQ(*parsed, expected);
  EXPECT_FALSE(parse_virtio_header(header, 71));  // the field would lie outside
  header[1] = std::byte{3};                       // UDP segmentation was never agreed on
  EXPECT_FALSE(parse_virtio_header(header, 5000));
  EXPECT_FALSE(parse_virtio_header(ByteSpan(header).first(11), 5000));
}

TEST(ChunkPool, ChunksMayOutliveIt) {
  Buf kept;
  {
    ChunkPool pool(256, 2);
    const std::byte* first = pool.take()->data;
    EXPECT_EQ(pool.take()->data, first);  // the one that came back is used again
    kept = Buf(pool.take(), 0, 256);
  }
  EXPECT_EQ(kept.bytes().size(), 256u);
}

TEST(SimLink, TheSameSeedTellsTheSameStory) {
  auto story = [](uint64_t seed) {
    SimLink link(seed, {.mac = kLeftMac}, {.mac = kRightMac});
    link.set_quality({.loss = 0.3,
                      .duplication = 0.2,
                      .corruption = 0.1,
                      .reordering = 0.2,
                      .delay = std::chrono::milliseconds(1),
                      .jitter = std::chrono::milliseconds(3)});
    Bytes all;
    for (uint8_t i = 0; i < 100; ++i) {
      Bytes frame(20, std::byte{i});
      ByteSpan piece(frame);
      link.device(LinkEnd::left).send(Time{}, std::span(&piece, 1), {});
    }
    while (auto frame = link.device(LinkEnd::right).receive(Time{std::chrono::seconds(1)}))
      append(all, frame->data.bytes());
    return all;
  };
  EXPECT_EQ(story(1), story(1));
  EXPECT_NE(story(1), story(2));
}

TEST(SimLink, ANarrowCableTakesItsTimeAndDropsWhatDoesNotFitItsQueue) {
  SimLink link(1, {.mac = kLeftMac}, {.mac = kRightMac});
  link.set_quality({.bytes_per_s = 100'000, .queue_bytes = 5000});
  Bytes frame(1000);
  ByteSpan piece(frame);
  for (int i = 0; i < 20; ++i) link.device(LinkEnd::left).send(Time{}, std::span(&piece, 1), {});
  EXPECT_EQ(link.deadline(), Time{std::chrono::milliseconds(10)});
  int arrived = 0;
  while (link.device(LinkEnd::right).receive(Time{std::chrono::seconds(1)})) ++arrived;
  EXPECT_EQ(arrived, 6);
  EXPECT_EQ(link.statistics(LinkEnd::left).lost, 14u);
}

TEST(Wrappers, SeeWhatPasses) {
  SimLink link(1, {.mac = kLeftMac, .caps = kAllCaps}, {.mac = kRightMac});
  std::ostringstream pcap, text;
  PcapWriter writer(link.device(LinkEnd::left), pcap);
  Tracer tracer(writer, text);
  FaultInjector injector(tracer, 1, {}, {.loss = 1});
  Oversized segment(Family::ipv4, 100, 1400, 1);
  std::vector<ByteSpan> pieces{segment.headers, segment.payload};
  injector.send(Time{std::chrono::seconds(2)}, pieces, segment.meta);  // lost
  EXPECT_EQ(text.str(), "");
  tracer.send(Time{std::chrono::seconds(2)}, pieces, segment.meta);
  EXPECT_TRUE(text.str().starts_with("2.000000 > IP 10.0.0.1.80 > 10.0.0.2.4711: Flags ["))
      << text.str();
  std::string file = pcap.str();
  ASSERT_EQ(file.size(), 24u + 16 + segment.headers.size() + 100);
  // The checksum stands finished in the file.
  ByteSpan recorded = std::as_bytes(std::span(file)).subspan(40 + EthernetHeader::kBytes);
  auto packet = parse_ipv4_packet(recorded);
  ASSERT_TRUE(packet);
  EXPECT_EQ(transport_checksum(packet->header.source, packet->header.destination, Protocol::tcp,
                               packet->payload),
            0);
}

}  // namespace
}  // namespace ukstore::net
