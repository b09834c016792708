// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_net.h"

#include <string.h>
#include <sys/random.h>

#include "lib/siphash.h"
#include "vmm/say.h"

#define QUEUE_RECEIVE  0
#define QUEUE_TRANSMIT 1

/* The configuration (virtio 1.2, 5.1.4). */
#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define STATUS_UP     1

/* The vCPU that notified sends so many frames, the worker what is left. */
#define SEND_AT_ONCE 64

/* ---- the link's end ------------------------------------------------------------------------ */

/* What is sent from now on is lost, and the guest sees that the cable is out. */
static void drop_link(struct virtio_net *n)
{
	if (!atomic_exchange(&n->link_up, false))
		return;
	say("a network card is cut off");
	backend_tell_end(&n->link.backend);
	__atomic_store_n(&n->virtio.config[CONFIG_STATUS], 0, __ATOMIC_RELAXED);
	virtio_config_changed(&n->virtio);
	worker_kick(&n->worker);
}

/* ---- from the guest ------------------------------------------------------------------------ */

/* Under the queue's lock. True: there is more to do, though not by who notified. */
static bool send_some(struct virtio_net *n, struct virtio_queue *q, uint32_t limit)
{
	struct virtio *v = &n->virtio;
	int sent = 1;

	while (limit-- != 0) {
		if (!virtio_take(v, q, &n->sent))
			return false;
		if (n->sent.readable_bytes < NET_HEADER_BYTES) {
			virtio_break(v);
			return false;
		}
		if (atomic_load(&n->link_up))
			sent = n->link.ops->send(&n->link, &n->sent);
		if (sent == 0) {
			virtqueue_untake(&q->ring, 1);
			atomic_store(&n->send_waits, true);
			return true;
		}
		if (sent < 0)
			drop_link(n);
		virtqueue_put(&q->ring, n->sent.head, 0);
	}
	return true;
}

/* True: the caller sees to it that the worker goes on. */
static bool transmit(struct virtio_net *n)
{
	struct virtio *v = &n->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_TRANSMIT];
	bool more;

	(void)pthread_mutex_lock(&q->lock);
	atomic_store(&n->send_waits, false);
	virtqueue_spare_notify(&q->ring);
	do
		more = send_some(n, q, SEND_AT_ONCE);
	while (!more && virtqueue_want_notify(&q->ring) && virtio_is_live(v));
	virtio_signal(v, q);
	if (atomic_load(&n->link_up) && !n->link.ops->drain(&n->link)) {
		atomic_store(&n->send_waits, true);
		more = true;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return more;
}

/* ---- to the guest -------------------------------------------------------------------------- */

/*
 * A frame into as many buffers as it takes (5.1.6.4). False: there were not enough; receive_waits
 * says whether there are more by now.
 */
static bool deliver(struct virtio_net *n, struct virtio_queue *q)
{
	bool merge = virtio_has(&n->virtio, NET_F_MRG_RXBUF);
	struct virtqueue_chain *chain = &n->first;
	size_t done = 0;
	uint16_t taken = 0;
	uint16_t head[VIRTQUEUE_SIZE_MAX];
	uint32_t part[VIRTQUEUE_SIZE_MAX];

	while (done < n->frame_bytes && taken < q->ring.size && (merge || taken == 0)) {
		if (!virtio_take(&n->virtio, q, chain)) {
			/* Before these are put back: those that come behind them are waited for. */
			n->receive_waits =
				!virtio_is_live(&n->virtio) || !virtqueue_want_notify(&q->ring);
			virtqueue_untake(&q->ring, taken);
			return false;
		}
		head[taken] = chain->head;
		part[taken] = virtqueue_write(chain, 0, n->frame + done,
					      (uint32_t)(n->frame_bytes - done));
		done += part[taken++];
		chain = &n->next;
	}
	/* Too large for all that there is: lost. */
	if (done < n->frame_bytes) {
		virtqueue_untake(&q->ring, taken);
		return true;
	}
	uint16_t buffers = taken;

	(void)virtqueue_write(&n->first, NET_HEADER_NUM_BUFFERS, &buffers, sizeof(buffers));
	for (uint16_t i = 0; i < taken; i++)
		virtqueue_put(&q->ring, head[i], part[i]);
	return true;
}

/* The next frame, if there is none yet. False: none has come. */
static bool next_frame(struct virtio_net *n)
{
	ssize_t got;

	if (n->frame_bytes != 0)
		return true;
	if (!atomic_load(&n->link_up))
		return false;
	got = n->link.ops->receive(&n->link, n->frame);
	if (got < 0)
		drop_link(n);
	n->frame_bytes = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static void receive(struct virtio_net *n)
{
	struct virtio *v = &n->virtio;
	struct virtio_queue *q = &v->queue[QUEUE_RECEIVE];

	(void)pthread_mutex_lock(&q->lock);
	n->receive_waits = !virtio_is_live(v) || q->ring.size == 0;
	virtqueue_spare_notify(&q->ring);
	while (!n->receive_waits && next_frame(n)) {
		if (deliver(n, q))
			n->frame_bytes = 0;
	}
	virtio_signal(v, q);
	(void)pthread_mutex_unlock(&q->lock);
}

static void serve(void *arg)
{
	struct virtio_net *n = arg;
	struct pollfd link = {.fd = n->link.fd, .events = POLLIN};

	while (worker_wait(&n->worker, &link, 1)) {
		receive(n);
		if (transmit(n) && !atomic_load(&n->send_waits))
			worker_kick(&n->worker);
		link.events = (short)((n->receive_waits ? 0 : POLLIN) |
				      (atomic_load(&n->send_waits) ? POLLOUT : 0));
		link.fd = atomic_load(&n->link_up) && link.events != 0 ? n->link.fd : -1;
	}
}

/* ---- the driver ---------------------------------------------------------------------------- */

static void start(struct virtio *v)
{
	struct virtio_net *n = CONTAINER_OF(v, struct virtio_net, virtio);

	n->link.ops->set_features(&n->link, v->driver_features);
	/* A frame for who was there before the reset is nobody's. */
	(void)pthread_mutex_lock(&v->queue[QUEUE_RECEIVE].lock);
	n->frame_bytes = 0;
	(void)pthread_mutex_unlock(&v->queue[QUEUE_RECEIVE].lock);
	worker_kick(&n->worker);
}

/* The other end may be another one now: it hears what the driver chose. */
static void go_on(struct virtio *v, bool anew)
{
	struct virtio_net *n = CONTAINER_OF(v, struct virtio_net, virtio);

	if (anew)
		n->link.ops->set_features(&n->link, v->driver_features);
	worker_kick(&n->worker);
}

/* The card keeps its address. Whether the cable is in is this host's business. */
static bool take_config(struct virtio *v, const uint8_t config[VIRTIO_CONFIG_BYTES])
{
	memcpy(v->config + CONFIG_MAC, config + CONFIG_MAC, NET_MAC_BYTES);
	return true;
}

static void notify(struct virtio *v, uint32_t queue)
{
	struct virtio_net *n = CONTAINER_OF(v, struct virtio_net, virtio);

	if (queue != QUEUE_TRANSMIT || atomic_load(&n->send_waits) || transmit(n))
		worker_kick(&n->worker);
}

/* ---- start --------------------------------------------------------------------------------- */

/*
 * The same for a VM of the same name each time it runs, random for one that was given none; locally
 * administered, for one station.
 */
static void choose_mac(struct virtio_net *n, const char *vm_name, uint32_t number)
{
	struct {
		char name[CONFIG_NAME_BYTES];
		uint32_t number;
	} of = {.number = number};
	static const struct siphash128 key = {{0x6e6f737369616321, 0x63616d2d74656e2d}};
	struct siphash128 hash;

	memcpy(of.name, vm_name, strnlen(vm_name, sizeof(of.name)));
	hash = siphash128(&key, &of, sizeof(of));
	if (vm_name[0] == '\0' && getrandom(&hash, sizeof(hash), 0) < 0)
		hash.word[0] ^= (uintptr_t)n;
	memcpy(n->virtio.config + CONFIG_MAC, &hash, NET_MAC_BYTES);
	n->virtio.config[CONFIG_MAC] = (n->virtio.config[CONFIG_MAC] & 0xfc) | 2;
}

enum err virtio_net_open(struct virtio_net *n, struct vm *vm, uint32_t slot,
			 const struct net_config *config, const char *vm_name, uint32_t number)
{
	static const struct virtio_ops ops = {
		.start = start, .notify = notify, .go_on = go_on, .take_config = take_config};
	enum err err = config->kind == NET_TAP ? net_tap_open(&n->link, config->ifname)
					       : net_user_open(&n->link);

	virtio_init(&n->virtio, vm, slot, VIRTIO_ID_NET, 2,
		    NET_F_MAC | NET_F_STATUS | NET_F_MRG_RXBUF |
			    (n->link.ops != NULL ? n->link.ops->features : 0),
		    &ops);
	if (err != ERR_OK)
		return err;
	choose_mac(n, vm_name, number);
	n->virtio.config[CONFIG_STATUS] = STATUS_UP;
	atomic_store(&n->link_up, true);
	return worker_start(&n->worker, "net", serve, n);
}

void virtio_net_announce(struct virtio_net *n)
{
	if (n->link.ops != NULL && n->link.ops->announce != NULL && atomic_load(&n->link_up))
		n->link.ops->announce(&n->link, n->virtio.config + CONFIG_MAC);
}

void virtio_net_close(struct virtio_net *n)
{
	worker_end(&n->worker);
	if (n->link.ops != NULL)
		n->link.ops->close(&n->link);
}
