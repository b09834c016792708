// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/say.h"
#include "vmm/virtio_net.h"

#define TUN                "/dev/net/tun"
#define ETHERNET_BYTES_MIN 60

static void set_features(struct net_link *l, uint64_t features)
{
	unsigned long offload = 0;

	if ((features & NET_F_GUEST_CSUM) != 0)
		offload |= TUN_F_CSUM;
	if ((features & NET_F_GUEST_TSO4) != 0)
		offload |= TUN_F_TSO4;
	if ((features & NET_F_GUEST_TSO6) != 0)
		offload |= TUN_F_TSO6;
	/* Segments without checksums make no sense to Linux, and the driver may not ask for it. */
	if (ioctl(l->fd, TUNSETOFFLOAD, offload) != 0)
		(void)ioctl(l->fd, TUNSETOFFLOAD, 0UL);
}

/* An interface that is down gives and takes nothing until it is up again; one may be removed. */
static ssize_t receive(struct net_link *l, uint8_t *frame)
{
	ssize_t got = read(l->fd, frame, NET_FRAME_BYTES_MAX);

	if (got > NET_HEADER_BYTES)
		return got;
	return got < 0 && errno != EAGAIN && errno != EINTR && errno != EIO ? -1 : 0;
}

static int send_frame(struct net_link *l, const struct virtqueue_chain *chain)
{
	struct iovec segment[VIRTQUEUE_SEGMENTS_MAX];
	uint32_t count = virtio_iovec(chain, 0, chain->readable, 0, chain->readable_bytes, segment);

	/* A frame that Linux does not take is lost, as on a cable. */
	return writev(l->fd, segment, (int)count) < 0 && errno == EAGAIN ? 0 : 1;
}

/*
 * A RARP request (RFC 903) in the card's name, which nobody answers: switches on its way learn at
 * which of their ports it is.
 */
static void announce(struct net_link *l, const uint8_t mac[NET_MAC_BYTES])
{
	static const uint8_t everybody[NET_MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	/* Type RARP; Ethernet, IPv4, the lengths of their addresses, request reverse. */
	static const uint8_t rarp[] = {0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3};
	uint8_t frame[NET_HEADER_BYTES + ETHERNET_BYTES_MIN] = {0};
	uint8_t *at = frame + NET_HEADER_BYTES;

	memcpy(at, everybody, NET_MAC_BYTES);
	memcpy(at + 6, mac, NET_MAC_BYTES);
	memcpy(at + 12, rarp, sizeof(rarp));
	memcpy(at + 22, mac, NET_MAC_BYTES); /* of the sender, and of the target */
	memcpy(at + 32, mac, NET_MAC_BYTES);
	/* It is said more than once; one that is lost does no harm. */
	if (write(l->fd, frame, sizeof(frame)) < 0)
		errno = 0;
}

static bool drain(struct net_link *l)
{
	return true;
}

static void close_link(struct net_link *l)
{
	(void)close(l->fd);
}

static enum err set_up(const char *ifname)
{
	struct ifreq request = {0};
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	done = any >= 0 && ioctl(any, SIOCGIFFLAGS, &request) == 0;
	request.ifr_flags |= IFF_UP;
	done = done && ioctl(any, SIOCSIFFLAGS, &request) == 0;
	if (!done)
		say("cannot set up the network interface %s: %s", ifname, strerror(errno));
	if (any >= 0)
		(void)close(any);
	return done ? ERR_OK : ERR_DENIED;
}

enum err net_tap_open(struct net_link *l, const char *ifname)
{
	static const struct net_link_ops ops = {
		.features = NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 |
			    NET_F_HOST_TSO4 | NET_F_HOST_TSO6,
		.set_features = set_features,
		.receive = receive,
		.send = send_frame,
		.drain = drain,
		.announce = announce,
		.close = close_link,
	};
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header_bytes = NET_HEADER_BYTES;

	l->fd = open(TUN, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (l->fd < 0) {
		say("cannot open " TUN ": %s%s", strerror(errno),
		    errno == ENOENT ? " (modprobe tun)" : "");
		return ERR_NOT_FOUND;
	}
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", ifname);
	if (ioctl(l->fd, TUNSETIFF, &request) != 0 ||
	    ioctl(l->fd, TUNSETVNETHDRSZ, &header_bytes) != 0) {
		say("cannot use the network interface %s: %s", ifname[0] != '\0' ? ifname : "tap",
		    strerror(errno));
		(void)close(l->fd);
		return ERR_DENIED;
	}
	l->ops = &ops;
	return set_up(request.ifr_name);
}
