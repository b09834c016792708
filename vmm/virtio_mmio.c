// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "vmm/machine.h"
#include "vmm/virtio.h"
#include "vmm/vm.h"

/* Registers (virtio 1.2, 4.2.2), of 32 bits each. */
#define MAGIC_VALUE         0x000
#define VERSION             0x004
#define DEVICE_ID           0x008
#define VENDOR_ID           0x00c
#define DEVICE_FEATURES     0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES     0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL           0x030
#define QUEUE_NUM_MAX       0x034
#define QUEUE_NUM           0x038
#define QUEUE_READY         0x044
#define QUEUE_NOTIFY        0x050
#define INTERRUPT_STATUS    0x060
#define INTERRUPT_ACK       0x064
#define STATUS              0x070
#define QUEUE_DESC_LOW      0x080
#define QUEUE_DESC_HIGH     0x084
#define QUEUE_DRIVER_LOW    0x090
#define QUEUE_DRIVER_HIGH   0x094
#define QUEUE_DEVICE_LOW    0x0a0
#define QUEUE_DEVICE_HIGH   0x0a4
#define SHM_LEN_LOW         0x0b0
#define SHM_BASE_HIGH       0x0bc
#define CONFIG_GENERATION   0x0fc
#define CONFIG              0x100

#define MAGIC          0x74726976 /* "virt" */
#define VERSION_MODERN 2
#define VENDOR         0x73696143 /* "Cais" */

#define INTERRUPT_USED   1
#define INTERRUPT_CONFIG 2

/* ---- state -------------------------------------------------------------------------------- */

bool virtio_has(const struct virtio *v, uint64_t feature)
{
	return (v->driver_features & feature) != 0;
}

bool virtio_is_live(struct virtio *v)
{
	return (atomic_load(&v->status) & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) ==
		       VIRTIO_DRIVER_OK &&
	       !atomic_load(&v->held) && !vm_has_ended(v->vm);
}

/* Under the state lock. EL2 hears of changes only, in the order in which they come about. */
static void update_line(struct virtio *v)
{
	bool level = v->interrupt_status != 0;

	if (level == v->level)
		return;
	v->level = level;
	vm_set_irq(v->vm, v->intid, level);
}

/* Not of a device that was reset meanwhile. */
static void raise_interrupt(struct virtio *v, uint32_t bits)
{
	(void)pthread_mutex_lock(&v->state_lock);
	if ((atomic_load(&v->status) & VIRTIO_DRIVER_OK) != 0) {
		v->interrupt_status |= bits;
		update_line(v);
	}
	(void)pthread_mutex_unlock(&v->state_lock);
}

void virtio_interrupt(struct virtio *v)
{
	raise_interrupt(v, INTERRUPT_USED);
}

void virtio_config_changed(struct virtio *v)
{
	(void)pthread_mutex_lock(&v->state_lock);
	v->generation++;
	(void)pthread_mutex_unlock(&v->state_lock);
	raise_interrupt(v, INTERRUPT_CONFIG);
}

void virtio_break(struct virtio *v)
{
	(void)pthread_mutex_lock(&v->state_lock);
	if (atomic_load(&v->status) != 0)
		(void)atomic_fetch_or(&v->status, VIRTIO_NEEDS_RESET);
	(void)pthread_mutex_unlock(&v->state_lock);
	raise_interrupt(v, INTERRUPT_CONFIG);
}

static uint32_t read_state(struct virtio *v, const uint32_t *field)
{
	(void)pthread_mutex_lock(&v->state_lock);

	uint32_t value = *field;

	(void)pthread_mutex_unlock(&v->state_lock);
	return value;
}

static void acknowledge(struct virtio *v, uint32_t bits)
{
	(void)pthread_mutex_lock(&v->state_lock);
	v->interrupt_status &= ~bits;
	update_line(v);
	(void)pthread_mutex_unlock(&v->state_lock);
}

static void clear_status(struct virtio *v)
{
	(void)pthread_mutex_lock(&v->state_lock);
	atomic_store(&v->status, 0);
	(void)pthread_mutex_unlock(&v->state_lock);
}

static void set_status(struct virtio *v, uint32_t bits)
{
	(void)pthread_mutex_lock(&v->state_lock);
	(void)atomic_fetch_or(&v->status, bits);
	(void)pthread_mutex_unlock(&v->state_lock);
}

/* ---- queues ------------------------------------------------------------------------------- */

bool virtio_take(struct virtio *v, struct virtio_queue *q, struct virtqueue_chain *chain)
{
	if (!virtio_is_live(v))
		return false;

	enum err err = virtqueue_take(&q->ring, chain);

	if (err == ERR_OK)
		return true;
	if (err != ERR_NOT_FOUND)
		virtio_break(v);
	return false;
}

void virtio_signal(struct virtio *v, struct virtio_queue *q)
{
	if (virtqueue_publish(&q->ring))
		virtio_interrupt(v);
}

uint32_t virtio_iovec(const struct virtqueue_chain *chain, uint32_t first, uint32_t count,
		      uint32_t skip, uint32_t bytes, struct iovec *to)
{
	uint32_t segments = 0;

	for (uint32_t i = first; i < first + count && bytes != 0; i++) {
		const struct virtqueue_segment *s = &chain->segment[i];
		uint32_t part = s->bytes - (skip < s->bytes ? skip : s->bytes);

		skip -= s->bytes - part;
		if (part == 0)
			continue;

		uint8_t *at = (uint8_t *)s->at + (s->bytes - part);

		if (part > bytes)
			part = bytes;
		to[segments++] = (struct iovec){.iov_base = at, .iov_len = part};
		bytes -= part;
	}
	return segments;
}

static void stop_queue(struct virtio_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	virtqueue_stop(&q->ring);
	(void)pthread_mutex_unlock(&q->lock);
}

static void *memory_at(const void *memory, uint64_t address, uint64_t bytes)
{
	return guestmem_at(memory, address, bytes);
}

static void memory_wrote(const void *memory, const void *at, uint64_t bytes)
{
	guestmem_wrote(memory, at, bytes);
}

enum err virtio_ring_start(const struct virtio *v, struct virtqueue *ring,
			   const struct virtqueue_setup *setup)
{
	enum err err = virtqueue_start(ring, setup, memory_at, &v->vm->guestmem);

	ring->wrote = memory_wrote;
	return err;
}

static void start_queue(struct virtio *v, struct virtio_queue *q)
{
	enum err err = ERR_INVALID;

	(void)pthread_mutex_lock(&q->lock);
	if (q->ring.size == 0 && (atomic_load(&v->status) & VIRTIO_FEATURES_OK) != 0) {
		q->setup.event_index = virtio_has(v, VIRTIO_F_EVENT_IDX);
		q->setup.indirect = virtio_has(v, VIRTIO_F_INDIRECT_DESC);
		err = virtio_ring_start(v, &q->ring, &q->setup);
	}
	(void)pthread_mutex_unlock(&q->lock);
	if (err != ERR_OK)
		virtio_break(v);
}

static bool queue_is_ready(struct virtio_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);

	bool ready = q->ring.size != 0;

	(void)pthread_mutex_unlock(&q->lock);
	return ready;
}

/* ---- status ------------------------------------------------------------------------------- */

/* Under the lock. The device is no longer live first, so that nothing new is begun. */
static void reset(struct virtio *v)
{
	clear_status(v);
	atomic_store(&v->held, false);
	if (v->started && v->ops->stop != NULL)
		v->ops->stop(v);
	v->started = false;
	for (uint32_t i = 0; i < v->queues; i++) {
		stop_queue(&v->queue[i]);
		v->queue[i].setup = (struct virtqueue_setup){0};
	}
	v->device_features_sel = v->driver_features_sel = v->queue_sel = 0;
	v->driver_features = 0;
	acknowledge(v, UINT32_MAX);
}

void virtio_reset(struct virtio *v)
{
	(void)pthread_mutex_lock(&v->lock);
	reset(v);
	(void)pthread_mutex_unlock(&v->lock);
}

/* Bits come one after the other (3.1.1); only a reset takes them away. Under the lock. */
static void write_status(struct virtio *v, uint32_t value)
{
	uint32_t more = value & ~atomic_load(&v->status);

	if (value == 0) {
		reset(v);
		return;
	}
	set_status(v, more & (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FAILED));
	/* Features that do not fit: the bit stays away. */
	if ((more & VIRTIO_FEATURES_OK) != 0 && (v->driver_features & ~v->features) == 0 &&
	    virtio_has(v, VIRTIO_F_VERSION_1))
		set_status(v, VIRTIO_FEATURES_OK);
	if ((more & VIRTIO_DRIVER_OK) == 0)
		return;
	if ((atomic_load(&v->status) & VIRTIO_FEATURES_OK) == 0) {
		virtio_break(v);
		return;
	}
	set_status(v, VIRTIO_DRIVER_OK);
	v->started = true;
	if (v->ops->start != NULL)
		v->ops->start(v);
}

/* ---- registers ---------------------------------------------------------------------------- */

static uint32_t feature_word(uint64_t features, uint32_t sel)
{
	return sel < 2 ? (uint32_t)(features >> (32 * sel)) : 0;
}

static uint32_t read_register(struct virtio *v, uint64_t offset)
{
	switch (offset) {
	case MAGIC_VALUE:
		return MAGIC;
	case VERSION:
		return VERSION_MODERN;
	case DEVICE_ID:
		return v->id;
	case VENDOR_ID:
		return VENDOR;
	case DEVICE_FEATURES:
		return feature_word(v->features, v->device_features_sel);
	case QUEUE_NUM_MAX:
		return v->queue_sel < v->queues ? VIRTQUEUE_SIZE_MAX : 0;
	case QUEUE_READY:
		return v->queue_sel < v->queues && queue_is_ready(&v->queue[v->queue_sel]);
	case STATUS:
		return atomic_load(&v->status);
	case CONFIG_GENERATION:
		return read_state(v, &v->generation);
	default:
		/* No shared memory: a length and base of all ones. */
		return offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? UINT32_MAX : 0;
	}
}

static void write_driver_features(struct virtio *v, uint32_t value)
{
	uint32_t shift = 32 * v->driver_features_sel;

	/* Settled by then, and the queues go by them. */
	if (v->driver_features_sel > 1 || (atomic_load(&v->status) & VIRTIO_FEATURES_OK) != 0)
		return;
	v->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	v->driver_features |= (uint64_t)value << shift;
}

static void set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
	*address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

static void write_queue_register(struct virtio *v, uint64_t offset, uint32_t value)
{
	if (v->queue_sel >= v->queues)
		return;

	struct virtio_queue *q = &v->queue[v->queue_sel];

	/* What a ready queue was made of stays: others go by it, too (a log, who saves it). */
	if (offset != QUEUE_READY && queue_is_ready(q))
		return;
	switch (offset) {
	case QUEUE_NUM:
		q->setup.size = value;
		break;
	case QUEUE_READY:
		if (value == 0)
			stop_queue(q);
		else
			start_queue(v, q);
		break;
	case QUEUE_DESC_LOW:
		set_low(&q->setup.descriptor, value);
		break;
	case QUEUE_DESC_HIGH:
		set_high(&q->setup.descriptor, value);
		break;
	case QUEUE_DRIVER_LOW:
		set_low(&q->setup.driver, value);
		break;
	case QUEUE_DRIVER_HIGH:
		set_high(&q->setup.driver, value);
		break;
	case QUEUE_DEVICE_LOW:
		set_low(&q->setup.device, value);
		break;
	case QUEUE_DEVICE_HIGH:
		set_high(&q->setup.device, value);
		break;
	default:
		break;
	}
}

static void write_register(struct virtio *v, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case DEVICE_FEATURES_SEL:
		v->device_features_sel = value;
		break;
	case DRIVER_FEATURES_SEL:
		v->driver_features_sel = value;
		break;
	case DRIVER_FEATURES:
		write_driver_features(v, value);
		break;
	case QUEUE_SEL:
		v->queue_sel = value;
		break;
	case STATUS:
		write_status(v, value);
		break;
	default:
		write_queue_register(v, offset, value);
		break;
	}
}

/* Of any size and alignment, as its fields have them (4.2.2.2). */
static uint64_t read_config(struct virtio *v, uint64_t offset, unsigned int bytes)
{
	uint64_t value = 0;

	(void)pthread_mutex_lock(&v->lock);
	if (bits_contains(0, sizeof(v->config), offset, bytes))
		memcpy(&value, v->config + offset, bytes);
	(void)pthread_mutex_unlock(&v->lock);
	return value;
}

static uint64_t mmio_read(struct device *d, uint64_t offset, unsigned int bytes)
{
	struct virtio *v = CONTAINER_OF(d, struct virtio, device);

	if (offset >= CONFIG)
		return read_config(v, offset - CONFIG, bytes);
	if (bytes != 4 || !bits_is_aligned(offset, 4))
		return 0;
	if (offset == INTERRUPT_STATUS)
		return read_state(v, &v->interrupt_status);
	(void)pthread_mutex_lock(&v->lock);

	uint32_t value = read_register(v, offset);

	(void)pthread_mutex_unlock(&v->lock);
	return value;
}

/* What is done for every buffer does not wait for a driver that sets up the device. */
static void mmio_write(struct device *d, uint64_t offset, unsigned int bytes, uint64_t value)
{
	struct virtio *v = CONTAINER_OF(d, struct virtio, device);

	if (bytes != 4 || !bits_is_aligned(offset, 4))
		return;
	if (offset == QUEUE_NOTIFY) {
		if (value < v->queues && virtio_is_live(v))
			v->ops->notify(v, (uint32_t)value);
		return;
	}
	if (offset == INTERRUPT_ACK) {
		acknowledge(v, (uint32_t)value);
		return;
	}
	(void)pthread_mutex_lock(&v->lock);
	write_register(v, offset, (uint32_t)value);
	(void)pthread_mutex_unlock(&v->lock);
}

void virtio_init(struct virtio *v, struct vm *vm, uint32_t slot, uint32_t id, uint32_t queues,
		 uint64_t features, const struct virtio_ops *ops)
{
	static const struct device_ops device_ops = {.read = mmio_read, .write = mmio_write};

	*v = (struct virtio){
		.device = {.name = "virtio",
			   .base = MACHINE_VIRTIO + (uint64_t)slot * MACHINE_VIRTIO_BYTES,
			   .bytes = MACHINE_VIRTIO_BYTES,
			   .ops = &device_ops},
		.vm = vm,
		.ops = ops,
		.id = id,
		.intid = MACHINE_SPI(MACHINE_VIRTIO_SPI + slot),
		.queues = queues,
		.features =
			features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX,
	};
	(void)pthread_mutex_init(&v->lock, NULL);
	(void)pthread_mutex_init(&v->state_lock, NULL);
	for (uint32_t i = 0; i < queues; i++)
		(void)pthread_mutex_init(&v->queue[i].lock, NULL);
}
