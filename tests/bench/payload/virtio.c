// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/payload/virtio.h"

#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/gic.h"

enum {
	MAGIC = 0x00,
	VERSION = 0x04,
	DEVICE_ID = 0x08,
	DRIVER_FEATURES = 0x20,
	DRIVER_FEATURES_SEL = 0x24,
	QUEUE_SEL = 0x30,
	QUEUE_NUM = 0x38,
	QUEUE_READY = 0x44,
	QUEUE_NOTIFY = 0x50,
	INTERRUPT_STATUS = 0x60,
	INTERRUPT_ACK = 0x64,
	STATUS = 0x70,
	QUEUE_DESC = 0x80,
	QUEUE_DRIVER = 0x90,
	QUEUE_DEVICE = 0xa0,
};

#define MAGIC_VALUE        0x74726976
#define VERSION_VALUE      2
#define ID_NET             1
#define ID_BLOCK           2
#define STATUS_DRIVER      0x03 /* ACKNOWLEDGE, DRIVER */
#define STATUS_FEATURES_OK 0x0b
#define STATUS_DRIVER_OK   0x0f
#define FEATURE_VERSION_1  1 /* bit 32 */

#define QUEUE_ENTRIES      4
#define DESC_NEXT          1
#define DESC_WRITE         2
#define AVAIL_NO_INTERRUPT 1

struct desc {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags, next;
};

struct ring {
	uint16_t flags, index;
	uint16_t entry[QUEUE_ENTRIES];
	uint16_t pad;
};

struct used {
	uint16_t flags, index;
	struct {
		uint32_t id, bytes;
	} entry[QUEUE_ENTRIES];
};

struct queue {
	struct desc desc[QUEUE_ENTRIES] __attribute__((aligned(16)));
	struct ring avail;
	struct used used __attribute__((aligned(4)));
	uint16_t seen; /* of used.index */
};

struct device {
	uint64_t base;
	struct queue queue[2] __attribute__((aligned(64)));
};

static bool is_device(uint64_t base, uint32_t id)
{
	return mmio_read32(base + MAGIC) == MAGIC_VALUE &&
	       mmio_read32(base + VERSION) == VERSION_VALUE && mmio_read32(base + DEVICE_ID) == id;
}

static bool find(struct device *device, uint32_t id)
{
	struct dt_node node;
	uint64_t base, bytes;
	uint32_t intid;

	if (!dt_root(&node))
		return false;
	while (dt_find_compatible("virtio,mmio", &node)) {
		intid = dt_intid(&node, 0, NULL);
		if (intid && dt_reg(&node, 0, &base, &bytes) && is_device(base, id)) {
			device->base = base;
			gic_set_edge(intid, true);
			gic_enable(intid);
			return true;
		}
		if (!dt_next(&node))
			break;
	}
	return false;
}

static void write_address(uint64_t reg, const void *address)
{
	mmio_write32(reg, (uint32_t)(uint64_t)address);
	mmio_write32(reg + 4, (uint32_t)((uint64_t)address >> 32));
}

static bool start(struct device *device, uint32_t queues)
{
	uint64_t base = device->base;

	mmio_write32(base + STATUS, 0);
	mmio_write32(base + STATUS, STATUS_DRIVER);
	mmio_write32(base + DRIVER_FEATURES_SEL, 0);
	mmio_write32(base + DRIVER_FEATURES, 0);
	mmio_write32(base + DRIVER_FEATURES_SEL, 1);
	mmio_write32(base + DRIVER_FEATURES, FEATURE_VERSION_1);
	mmio_write32(base + STATUS, STATUS_FEATURES_OK);
	if (mmio_read32(base + STATUS) != STATUS_FEATURES_OK)
		return false;
	for (uint32_t i = 0; i < queues; i++) {
		struct queue *q = &device->queue[i];

		mmio_write32(base + QUEUE_SEL, i);
		mmio_write32(base + QUEUE_NUM, QUEUE_ENTRIES);
		write_address(base + QUEUE_DESC, q->desc);
		write_address(base + QUEUE_DRIVER, &q->avail);
		write_address(base + QUEUE_DEVICE, &q->used);
		mmio_write32(base + QUEUE_READY, 1);
	}
	mmio_write32(base + STATUS, STATUS_DRIVER_OK);
	return true;
}

static void set(struct queue *q, uint32_t index, const void *buffer, uint32_t bytes, uint16_t flags)
{
	q->desc[index] = (struct desc){.address = (uint64_t)buffer,
				       .bytes = bytes,
				       .flags = flags,
				       .next = (uint16_t)(index + 1)};
}

/* Makes the chain that begins with entry 0 available. */
static void offer(struct queue *q)
{
	q->avail.entry[q->avail.index % QUEUE_ENTRIES] = 0;
	dsb();
	__atomic_store_n(&q->avail.index, (uint16_t)(q->avail.index + 1), __ATOMIC_RELEASE);
	dsb();
}

/* Has the device used what was offered? */
static bool take(struct queue *q)
{
	if (__atomic_load_n(&q->used.index, __ATOMIC_ACQUIRE) == q->seen)
		return false;
	q->seen++;
	return true;
}

static void acknowledge(const struct device *device)
{
	mmio_write32(device->base + INTERRUPT_ACK, mmio_read32(device->base + INTERRUPT_STATUS));
}

/* ---- disk (virtio 1.2, 5.2) -------------------------------------------------------------- */

#define BLK_STATUS_NONE 0xff

static struct device blk;
static struct {
	uint32_t type, reserved;
	uint64_t sector;
} blk_request;
static uint8_t blk_data[VIRTIO_BLOCK_BYTES] __attribute__((aligned(4096)));
static volatile uint8_t blk_status;

bool virtio_blk_open(void)
{
	struct queue *q = &blk.queue[0];

	if (!find(&blk, ID_BLOCK) || !start(&blk, 1))
		return false;
	set(q, 0, &blk_request, sizeof(blk_request), DESC_NEXT);
	set(q, 1, blk_data, sizeof(blk_data), DESC_NEXT | DESC_WRITE);
	set(q, 2, (const void *)&blk_status, 1, DESC_WRITE);
	return true;
}

uint64_t virtio_blk_prepare(uint32_t *value)
{
	blk_status = BLK_STATUS_NONE;
	offer(&blk.queue[0]);
	*value = 0;
	return blk.base + QUEUE_NOTIFY;
}

bool virtio_blk_finish(void)
{
	bool done = take(&blk.queue[0]) && blk_status == 0;

	acknowledge(&blk);
	return done;
}

/* ---- network (5.1) ----------------------------------------------------------------------- */

#define NET_RECEIVE    0
#define NET_TRANSMIT   1
#define NET_BYTES      2048
#define NET_ANSWER     21 /* the low byte of the operation, which is big-endian */
#define NET_ANSWER_VAL 2

/* Ethernet and ARP (RFC 826): who has 10.0.2.2, tell 10.0.2.15. */
static const uint8_t question[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x08, 0x06,
	0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
	10,   0,    2,    15,   0,    0,    0,    0,    0,    0,    10,   0,    2,    2,
};
#define NET_HEADER_BYTES 12 /* struct virtio_net_hdr: nothing is offloaded */

static struct device net;
static uint8_t net_received[NET_BYTES] __attribute__((aligned(64)));
static uint8_t net_sent[NET_HEADER_BYTES + 60] __attribute__((aligned(64)));

bool virtio_net_open(void)
{
	if (!find(&net, ID_NET) || !start(&net, 2))
		return false;
	for (uint32_t i = 0; i < sizeof(question); i++)
		net_sent[NET_HEADER_BYTES + i] = question[i];
	set(&net.queue[NET_RECEIVE], 0, net_received, sizeof(net_received), DESC_WRITE);
	set(&net.queue[NET_TRANSMIT], 0, net_sent, sizeof(net_sent), 0);
	net.queue[NET_TRANSMIT].avail.flags = AVAIL_NO_INTERRUPT;
	return true;
}

uint64_t virtio_net_prepare(uint32_t *value)
{
	(void)take(&net.queue[NET_TRANSMIT]);
	net_received[NET_HEADER_BYTES + NET_ANSWER] = 0;
	offer(&net.queue[NET_RECEIVE]);
	mmio_write32(net.base + QUEUE_NOTIFY, NET_RECEIVE);
	offer(&net.queue[NET_TRANSMIT]);
	*value = NET_TRANSMIT;
	return net.base + QUEUE_NOTIFY;
}

bool virtio_net_finish(void)
{
	bool done = take(&net.queue[NET_RECEIVE]) &&
		    net_received[NET_HEADER_BYTES + NET_ANSWER] == NET_ANSWER_VAL;

	acknowledge(&net);
	return done;
}
