/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_VIRTIO_NET_H
#define VMM_VIRTIO_NET_H

#include "vmm/backend.h"
#include "vmm/config.h"
#include "vmm/virtio.h"
#include "vmm/worker.h"

/* struct virtio_net_hdr_v1, before every frame (virtio 1.2, 5.1.6). */
#define NET_HEADER_BYTES       12
#define NET_HEADER_NUM_BUFFERS 10

/* The largest frame there is, with its header: 64 KiB to be cut into segments, and Ethernet's. */
#define NET_FRAME_BYTES_MAX (65550 + NET_HEADER_BYTES)

#define NET_MAC_BYTES 6

#define NET_F_CSUM       BIT(0)
#define NET_F_GUEST_CSUM BIT(1)
#define NET_F_MAC        BIT(5)
#define NET_F_GUEST_TSO4 BIT(7)
#define NET_F_GUEST_TSO6 BIT(8)
#define NET_F_HOST_TSO4  BIT(11)
#define NET_F_HOST_TSO6  BIT(12)
#define NET_F_MRG_RXBUF  BIT(15)
#define NET_F_STATUS     BIT(16)

struct net_link;

/* The other end of a network card's cable. */
struct net_link_ops {
	uint64_t features; /* that it allows to offer */
	/* The driver's choice, before frames flow. */
	void (*set_features)(struct net_link *l, uint64_t features);
	/* A frame with its header, up to NET_FRAME_BYTES_MAX. 0: none now. Less: the end. */
	ssize_t (*receive)(struct net_link *l, uint8_t *frame);
	/*
	 * Sends a frame: `count` segments with `bytes` bytes in all, the header in the first bytes.
	 * 1: it is gone, or lost; 0: later, when the descriptor is writable; less: the end.
	 */
	int (*send)(struct net_link *l, const struct virtqueue_chain *chain);
	/* Of what was sent, is all gone? If not, this is to be called when it is writable. */
	bool (*drain)(struct net_link *l);
	/* NULL, or: who is on the link is to learn that this card is here now. */
	void (*announce)(struct net_link *l, const uint8_t mac[NET_MAC_BYTES]);
	void (*close)(struct net_link *l);
};

/* passt's stream (passt(1), --fd): each frame behind its length. */
struct net_stream {
	size_t in_start, in_end;
	size_t out_start, out_end; /* of a frame that went out in part */
	uint8_t in[2 * NET_FRAME_BYTES_MAX];
	uint8_t out[NET_FRAME_BYTES_MAX];
};

struct net_link {
	const struct net_link_ops *ops; /* NULL: not opened */
	int fd;
	struct backend backend;
	struct net_stream stream;
};

enum err net_tap_open(struct net_link *l, const char *ifname) MUST_CHECK;
enum err net_user_open(struct net_link *l) MUST_CHECK;

/*
 * A network card (virtio 1.2, 5.1). What the guest sends goes out by the vCPU that notified, unless
 * the link is full; what comes in is the worker's.
 */
struct virtio_net {
	struct virtio virtio;
	struct worker worker;
	struct net_link link;
	atomic_bool link_up;
	atomic_bool send_waits; /* for the link to be writable */
	/* receive queue */
	bool receive_waits; /* for buffers */
	size_t frame_bytes; /* 0: none is kept */
	uint8_t frame[NET_FRAME_BYTES_MAX];
	struct virtqueue_chain first, next;
	/* transmit queue */
	struct virtqueue_chain sent;
};

/* number: of the VM's cards, from 0 on. All zeros before; virtio_net_close() is due in any case. */
enum err virtio_net_open(struct virtio_net *n, struct vm *vm, uint32_t slot,
			 const struct net_config *config, const char *vm_name,
			 uint32_t number) MUST_CHECK;
void virtio_net_close(struct virtio_net *n);
/* The VM has come here from another host. */
void virtio_net_announce(struct virtio_net *n);

#endif
