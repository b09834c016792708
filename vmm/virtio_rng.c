// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/virtio_rng.h"

#include <sys/random.h>

/* At a time; a driver that wants more asks again. */
#define RANDOM_BYTES_MAX 256

static uint32_t fill(const struct virtqueue_chain *chain)
{
	uint8_t random[RANDOM_BYTES_MAX];
	uint32_t bytes = chain->writable_bytes < sizeof(random) ? chain->writable_bytes
								: (uint32_t)sizeof(random);

	/* As many bytes at most come at once, whatever signals there are (getrandom(2)). */
	if (getrandom(random, bytes, 0) != (ssize_t)bytes)
		return 0;
	return virtqueue_write(chain, 0, random, bytes);
}

static void serve(void *arg)
{
	struct virtio_rng *r = arg;
	struct virtio *v = &r->virtio;
	struct virtio_queue *q = &v->queue[0];

	while (worker_wait(&r->worker, NULL, 0)) {
		(void)pthread_mutex_lock(&q->lock);
		do {
			virtqueue_spare_notify(&q->ring);
			while (virtio_take(v, q, &r->chain))
				virtqueue_put(&q->ring, r->chain.head, fill(&r->chain));
			virtio_signal(v, q);
		} while (virtqueue_want_notify(&q->ring) && virtio_is_live(v));
		(void)pthread_mutex_unlock(&q->lock);
	}
}

static void start(struct virtio *v)
{
	worker_kick(&CONTAINER_OF(v, struct virtio_rng, virtio)->worker);
}

static void notify(struct virtio *v, uint32_t queue)
{
	start(v);
}

enum err virtio_rng_open(struct virtio_rng *r, struct vm *vm, uint32_t slot)
{
	static const struct virtio_ops ops = {.start = start, .notify = notify};

	virtio_init(&r->virtio, vm, slot, VIRTIO_ID_RNG, 1, 0, &ops);
	return worker_start(&r->worker, "rng", serve, r);
}

void virtio_rng_close(struct virtio_rng *r)
{
	worker_end(&r->worker);
}
