// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "vmm/stream.h"
#include "vmm/virtio.h"
#include "vmm/vm.h"

#define STATUS_BITS                                                                                \
	(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK |              \
	 VIRTIO_NEEDS_RESET | VIRTIO_FAILED)
#define INTERRUPT_BITS 3

_Static_assert(SNAPSHOT_QUEUES == VIRTIO_QUEUES_MAX, "the format");

/* ---- hold ---------------------------------------------------------------------------------- */

bool virtio_hold(struct virtio *v)
{
	bool held = true;

	(void)pthread_mutex_lock(&v->lock);
	atomic_store(&v->held, true);
	/* Who has a queue's lock finishes what it took, and takes nothing more. */
	for (uint32_t i = 0; i < v->queues; i++) {
		(void)pthread_mutex_lock(&v->queue[i].lock);
		(void)pthread_mutex_unlock(&v->queue[i].lock);
	}
	if (v->started && v->ops->hold != NULL)
		held = v->ops->hold(v);
	(void)pthread_mutex_unlock(&v->lock);
	return held;
}

static void go_on(struct virtio *v, bool anew)
{
	(void)pthread_mutex_lock(&v->lock);
	atomic_store(&v->held, false);
	if (v->started && v->ops->go_on != NULL)
		v->ops->go_on(v, anew);
	/* There may be something in any of them. */
	for (uint32_t i = 0; v->started && i < v->queues; i++)
		v->ops->notify(v, i);
	(void)pthread_mutex_unlock(&v->lock);
}

void virtio_go_on(struct virtio *v)
{
	go_on(v, false);
}

/* ---- save ---------------------------------------------------------------------------------- */

static void save_queue(const struct virtio_queue *q, struct snapshot_queue *to)
{
	*to = (struct snapshot_queue){.descriptor = q->setup.descriptor,
				      .driver = q->setup.driver,
				      .device = q->setup.device,
				      .size = q->setup.size,
				      .ready = q->ring.size != 0,
				      .avail_next = q->ring.avail_next,
				      .used_next = q->ring.used_next};
}

enum err virtio_save(struct virtio *v, struct stream *s, uint32_t slot)
{
	struct snapshot_virtio state = {0};

	(void)pthread_mutex_lock(&v->lock);
	state.id = v->id;
	state.queues = v->queues;
	state.features = v->driver_features;
	state.device_features_sel = v->device_features_sel;
	state.driver_features_sel = v->driver_features_sel;
	state.queue_sel = v->queue_sel;
	memcpy(state.config, v->config, sizeof(state.config));
	for (uint32_t i = 0; i < v->queues; i++) {
		(void)pthread_mutex_lock(&v->queue[i].lock);
		save_queue(&v->queue[i], &state.queue[i]);
		(void)pthread_mutex_unlock(&v->queue[i].lock);
	}
	(void)pthread_mutex_lock(&v->state_lock);
	state.status = atomic_load(&v->status);
	state.interrupt_status = v->interrupt_status;
	state.generation = v->generation;
	(void)pthread_mutex_unlock(&v->state_lock);
	(void)pthread_mutex_unlock(&v->lock);
	return stream_write(s, SNAPSHOT_VIRTIO, slot, 1, &state, sizeof(state));
}

/* ---- load ---------------------------------------------------------------------------------- */

/* The queue that this makes, in *q but for its lock; false: none can be like that. */
static bool take_queue(const struct virtio *v, const struct snapshot_virtio *state, uint32_t index,
		       struct virtqueue *ring, struct virtqueue_setup *setup)
{
	const struct snapshot_queue *from = &state->queue[index];

	*setup = (struct virtqueue_setup){
		.size = from->size,
		.descriptor = from->descriptor,
		.driver = from->driver,
		.device = from->device,
		.event_index = (state->features & VIRTIO_F_EVENT_IDX) != 0,
		.indirect = (state->features & VIRTIO_F_INDIRECT_DESC) != 0};
	*ring = (struct virtqueue){0};
	if (from->ready > 1 || from->reserved != 0)
		return false;
	if (from->ready == 0)
		return true;
	if ((state->status & VIRTIO_FEATURES_OK) == 0 ||
	    virtio_ring_start(v, ring, setup) != ERR_OK)
		return false;
	virtqueue_seek(ring, from->avail_next, from->used_next);
	return true;
}

static bool is_whole(const struct virtio *v, const struct snapshot_virtio *state)
{
	uint32_t ready = VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK;

	if ((state->status & VIRTIO_FEATURES_OK) != 0 &&
	    (state->features & VIRTIO_F_VERSION_1) == 0)
		return false;
	return (state->status & ~(uint32_t)STATUS_BITS) == 0 &&
	       (state->interrupt_status & ~(uint32_t)INTERRUPT_BITS) == 0 &&
	       ((state->status & VIRTIO_DRIVER_OK) == 0 || (state->status & ready) == ready);
}

static bool config_does(struct virtio *v, const struct snapshot_virtio *state)
{
	if (v->ops->take_config != NULL)
		return v->ops->take_config(v, state->config);
	return memcmp(v->config, state->config, sizeof(state->config)) == 0;
}

static void commit(struct virtio *v, const struct snapshot_virtio *state,
		   const struct virtqueue ring[VIRTIO_QUEUES_MAX],
		   const struct virtqueue_setup setup[VIRTIO_QUEUES_MAX])
{
	(void)pthread_mutex_lock(&v->lock);
	v->driver_features = state->features;
	v->device_features_sel = state->device_features_sel;
	v->driver_features_sel = state->driver_features_sel;
	v->queue_sel = state->queue_sel;
	for (uint32_t i = 0; i < v->queues; i++) {
		(void)pthread_mutex_lock(&v->queue[i].lock);
		v->queue[i].ring = ring[i];
		v->queue[i].setup = setup[i];
		(void)pthread_mutex_unlock(&v->queue[i].lock);
	}
	v->started = (state->status & VIRTIO_DRIVER_OK) != 0;
	(void)pthread_mutex_lock(&v->state_lock);
	v->generation = state->generation;
	v->interrupt_status = state->interrupt_status;
	v->level = v->interrupt_status != 0;
	vm_set_irq(v->vm, v->intid, v->level);
	/* From here on the device is live, but held. */
	atomic_store(&v->held, true);
	atomic_store(&v->status, state->status);
	(void)pthread_mutex_unlock(&v->state_lock);
	(void)pthread_mutex_unlock(&v->lock);
}

enum err virtio_load(struct virtio *v, struct stream *s, const struct stream_section *section)
{
	struct virtqueue_setup setup[VIRTIO_QUEUES_MAX];
	struct virtqueue ring[VIRTIO_QUEUES_MAX];
	struct snapshot_virtio state;
	uint32_t slot = section->instance;
	enum err err = stream_take(s, section, 1, &state, sizeof(state), false);

	if (err != ERR_OK)
		return err;
	if (state.id != v->id || state.queues != v->queues)
		return stream_fail(s, ERR_INVALID, "virtio device %u: it is another device", slot);
	/* Before they are settled a driver may have written any. */
	if ((state.status & VIRTIO_FEATURES_OK) != 0 && (state.features & ~v->features) != 0)
		return stream_fail(s, ERR_UNSUPPORTED,
				   "virtio device %u: the guest uses features %#llx, which it has "
				   "not here",
				   slot, (unsigned long long)(state.features & ~v->features));
	if (!is_whole(v, &state))
		return stream_fail(s, ERR_INVALID, "virtio device %u: a state that cannot be",
				   slot);
	for (uint32_t i = 0; i < v->queues; i++) {
		if (!take_queue(v, &state, i, &ring[i], &setup[i]))
			return stream_fail(s, ERR_INVALID,
					   "virtio device %u: a queue that cannot be", slot);
	}
	if (!config_does(v, &state))
		return stream_fail(s, ERR_INVALID,
				   "virtio device %u: it is of another size or kind here", slot);
	commit(v, &state, ring, setup);
	return ERR_OK;
}

void virtio_begin(struct virtio *v)
{
	go_on(v, true);
}
