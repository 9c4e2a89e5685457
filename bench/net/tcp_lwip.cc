#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ukstore/bench/net/workload.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// The peer: Debian's lwIP, raw API, one thread, on a plain TAP; 64 frames a poll.

namespace ukstore::bench {
namespace {

struct Server {
  Workload workload;
  int fd = -1;
  uint64_t sent = 0;
  bool over = false;
};

char block[16 * 1024];

err_t put_frame(netif* interface, pbuf* packet) {
  char frame[1600];
  uint16_t bytes = pbuf_copy_partial(packet, frame, sizeof frame, 0);
  ssize_t put = ::write(static_cast<Server*>(interface->state)->fd, frame, bytes);
  return put == bytes ? ERR_OK : ERR_BUF;
}

err_t set_up(netif* interface) {
  interface->name[0] = 't';
  interface->name[1] = 'p';
  interface->mtu = 1500;
  interface->hwaddr_len = 6;
  const uint8_t mac[6] = {2, 0, 0, 0, 0, 8};
  std::memcpy(interface->hwaddr, mac, sizeof mac);
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                     NETIF_FLAG_LINK_UP | NETIF_FLAG_UP;
  interface->output = etharp_output;
  interface->linkoutput = put_frame;
  return ERR_OK;
}

void push(Server& server, tcp_pcb* connection) {
  while (server.sent < server.workload.amount) {
    uint64_t left = server.workload.amount - server.sent;
    auto bytes = static_cast<uint16_t>(left < sizeof block ? left : sizeof block);
    if (tcp_sndbuf(connection) < bytes) bytes = tcp_sndbuf(connection);
    if (bytes == 0 || tcp_write(connection, block, bytes, 0) != ERR_OK) break;
    server.sent += bytes;
  }
  tcp_output(connection);
}

err_t on_sent(void* argument, tcp_pcb* connection, u16_t) {
  auto& server = *static_cast<Server*>(argument);
  if (server.workload.traffic == Traffic::send) push(server, connection);
  return ERR_OK;
}

err_t on_received(void* argument, tcp_pcb* connection, pbuf* packet, err_t) {
  auto& server = *static_cast<Server*>(argument);
  if (packet == nullptr) {
    server.over = true;
    tcp_close(connection);
    return ERR_OK;
  }
  // As an application would: its bytes go to its memory.
  uint16_t copied = pbuf_copy_partial(packet, block, sizeof block, 0);
  tcp_recved(connection, packet->tot_len);
  if (server.workload.traffic == Traffic::round_trip) {
    tcp_write(connection, block, copied, TCP_WRITE_FLAG_COPY);
    tcp_output(connection);
  }
  pbuf_free(packet);
  return ERR_OK;
}

err_t on_accepted(void* argument, tcp_pcb* connection, err_t) {
  auto& server = *static_cast<Server*>(argument);
  tcp_arg(connection, argument);
  tcp_recv(connection, on_received);
  tcp_sent(connection, on_sent);
  tcp_nagle_disable(connection);
  if (server.workload.traffic == Traffic::send) push(server, connection);
  return ERR_OK;
}

int open_tap(const Workload& workload) {
  int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(request.ifr_name, workload.tap, IFNAMSIZ - 1);
  if (fd >= 0 && ::ioctl(fd, TUNSETIFF, &request) == 0) return fd;
  std::perror("tap");
  std::exit(1);
}

// Up to 64 frames; whether there was one.
bool take_frames(netif& interface, int fd) {
  char frame[1600];
  for (int count = 0; count < 64; ++count) {
    ssize_t got = ::read(fd, frame, sizeof frame);
    if (got <= 0) return count > 0;
    pbuf* packet = pbuf_alloc(PBUF_RAW, static_cast<uint16_t>(got), PBUF_RAM);
    if (packet == nullptr) continue;
    pbuf_take(packet, frame, static_cast<uint16_t>(got));
    if (interface.input(packet, &interface) != ERR_OK) pbuf_free(packet);
  }
  return true;
}

}  // namespace

void serve_with_lwip(const Workload& workload) {
  static Server server{.workload = workload, .fd = open_tap(workload)};
  static netif interface;
  lwip_init();
  ip4_addr_t address, mask, gateway;
  ip4addr_aton(workload.address, &address);
  IP4_ADDR(&mask, 255, 255, 255, 0);
  ip4_addr_set_zero(&gateway);
  netif_add(&interface, &address, &mask, &gateway, &server, set_up, ethernet_input);
  netif_set_default(&interface);
  netif_set_up(&interface);
  tcp_pcb* listener = tcp_new();
  tcp_bind(listener, IP_ADDR_ANY, kPort);
  listener = tcp_listen(listener);
  tcp_arg(listener, &server);
  tcp_accept(listener, on_accepted);
  while (!server.over) {
    bool some = take_frames(interface, server.fd);
    sys_check_timeouts();
    if (some) continue;
    pollfd watched{server.fd, POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(sys_timeouts_sleeptime()));
  }
}

}  // namespace ukstore::bench
