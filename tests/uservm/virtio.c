// SPDX-License-Identifier: BSD-2-Clause
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/rand.h"

/*
 * A guest that is hostile to its virtio devices: rings of random bytes at random places, some of
 * them plausible; queue sizes, features and register accesses that nobody may use; notifications
 * without end; resets while the device works. In between each device must still do what a
 * device does after a reset: it negotiates, and a disk gives its first sector, which on a
 * read-only one is the payload's mark. The kernel's command line has the seed (seed=N) and how many
 * rounds (rounds=N).
 */

#define MAGIC         0x000
#define DEVICE_ID     0x008
#define FEATURES      0x010
#define FEATURES_SEL  0x014
#define DRIVER        0x020
#define DRIVER_SEL    0x024
#define QUEUE_SEL     0x030
#define QUEUE_MAX     0x034
#define QUEUE_SIZE    0x038
#define QUEUE_READY   0x044
#define QUEUE_NOTIFY  0x050
#define INTERRUPT     0x060
#define INTERRUPT_ACK 0x064
#define STATUS        0x070
#define QUEUE_DESC    0x080
#define QUEUE_AVAIL   0x090
#define QUEUE_USED    0x0a0
#define DEVICE_BYTES  0x200

#define STATUS_SEEN        0x03 /* acknowledged, driver */
#define STATUS_FEATURES_OK 0x08
#define STATUS_DRIVER_OK   0x04

#define MAGIC_VALUE 0x74726976
#define ID_BLOCK    2
#define BLOCK_RO    0x20
#define MARK        UINT64_C(0x4e4f535349414321) /* "!CAISSON" */
#define VERSION_1   1                            /* in the second word of features */
#define SIZE        16
#define QUEUES      6 /* as many as a device has at most */
#define DEVICES_MAX 32
#define WAIT_MS     20000
#define STORM       300

/* Memory that devices may write to: far from the payload, inside the smallest VM it runs in. */
#define ARENA_OFFSET UINT64_C(0x2000000)
#define ARENA_BYTES  UINT64_C(0x1000000)

static uint64_t device[DEVICES_MAX];
static unsigned int devices;
static uint64_t arena, ram_end;
static uint64_t state;

/* ---- plausible and not ---------------------------------------------------------------------- */

static uint64_t arena_address(void)
{
	return arena + rand_below(&state, ARENA_BYTES - 0x10000);
}

/* Mostly memory; else around its ends, nowhere, and where sums wrap. */
static uint64_t wild_address(void)
{
	switch (rand_below(&state, 12)) {
	case 0:
		return rand_next(&state);
	case 1:
		return ram_end - rand_below(&state, 64);
	case 2:
		return UINT64_MAX - rand_below(&state, 0x1000);
	case 3:
		return rand_below(&state, 0x40000000);
	default:
		return arena_address();
	}
}

/* In the arena a descriptor stays in it: the payload itself is not to be overwritten. */
static uint32_t wild_bytes(uint64_t address)
{
	uint64_t bytes = rand_below(&state, 8) == 0 ? rand_next(&state) : rand_below(&state, 3000);

	if (address >= arena && address < arena + ARENA_BYTES)
		bytes %= arena + ARENA_BYTES - address + 1;
	else if (address < arena && (uint32_t)bytes > arena - address)
		bytes = 1;
	return (uint32_t)bytes;
}

static void write64(uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)address = value;
}

static void write_descriptor(uint64_t at)
{
	uint64_t address = wild_address();
	/* Next, write; now and then indirect, or what is not defined. */
	uint32_t known = rand_below(&state, 4) == 0 ? 8 : 4;
	uint32_t flags =
		rand_below(&state, 10) == 0 ? rand_next(&state) : rand_below(&state, known);
	uint32_t next = rand_below(&state, 10) == 0 ? rand_next(&state) : rand_below(&state, 16);

	write64(at, address);
	write64(at + 8, (uint64_t)(next & 0xffff) << 48 | (uint64_t)(flags & 0xffff) << 32 |
				wild_bytes(address));
}

/* A block request's header, or a control message of a port: so that some get further. */
static void write_header(uint64_t at)
{
	static const uint32_t types[] = {0, 0, 1, 4, 8, 11, 13, 99};

	if (rand_below(&state, 4) == 0) {
		write64(at, rand_below(&state, 3) | rand_below(&state, 9) << 32 |
				    rand_below(&state, 3) << 48);
		return;
	}
	write64(at, types[rand_below(&state, ARRAY_SIZE(types))]);
	write64(at + 8, rand_below(&state, 4) == 0 ? rand_next(&state) : rand_below(&state, 2000));
}

static void write_rings(uint64_t base)
{
	for (unsigned int i = 0; i < 16; i++) {
		write_descriptor(base + 16 * i);
		write_header(base + 0x400 + 16 * i);
		if (rand_below(&state, 3) != 0)
			continue;
		/* One that leads to a header, as a driver's would. */
		write64(base + 16 * i, base + 0x400 + 16 * i);
		write64(base + 16 * i + 8, (uint64_t)((i + 1) % 16) << 48 | UINT64_C(1) << 32 | 16);
	}
	for (unsigned int i = 0; i < 16; i++)
		write64(base + 0x800 + 8 * i, rand_next(&state) & UINT64_C(0x000f000f000f000f));
	/* The available index: a few ahead, or anywhere. */
	*(volatile uint16_t *)(base + 0x802) =
		(uint16_t)(rand_below(&state, 6) == 0 ? rand_next(&state) : rand_below(&state, 17));
}

/* ---- a device ------------------------------------------------------------------------------- */

static void negotiate(uint64_t d, uint32_t low)
{
	mmio_write32(d + STATUS, 0);
	mmio_write32(d + STATUS, STATUS_SEEN);
	mmio_write32(d + DRIVER_SEL, 0);
	mmio_write32(d + DRIVER, low);
	mmio_write32(d + DRIVER_SEL, 1);
	mmio_write32(d + DRIVER, VERSION_1);
	mmio_write32(d + STATUS, STATUS_SEEN | STATUS_FEATURES_OK);
}

static void set_address(uint64_t reg, uint64_t address)
{
	mmio_write32(reg, (uint32_t)address);
	mmio_write32(reg + 4, (uint32_t)(address >> 32));
}

static void set_queue(uint64_t d, uint32_t index, uint32_t size, uint64_t descriptor,
		      uint64_t avail, uint64_t used)
{
	mmio_write32(d + QUEUE_SEL, index);
	mmio_write32(d + QUEUE_SIZE, size);
	set_address(d + QUEUE_DESC, descriptor);
	set_address(d + QUEUE_AVAIL, avail);
	set_address(d + QUEUE_USED, used);
	mmio_write32(d + QUEUE_READY, 1);
}

static void attack_queue(uint64_t d, uint32_t index)
{
	uint64_t base = arena_address() & ~UINT64_C(0xfff);
	uint32_t size = rand_below(&state, 4) == 0
				? (uint32_t)rand_next(&state) >> rand_below(&state, 32)
				: 16;
	bool wild = rand_below(&state, 4) == 0;

	uint64_t mask = rand_below(&state, 4) == 0 ? UINT64_MAX : ~UINT64_C(15);

	write_rings(base);
	set_queue(d, index, size, wild ? wild_address() & mask : base,
		  wild ? wild_address() & mask : base + 0x800,
		  wild ? wild_address() & mask : base + 0xc00);
}

static void attack_registers(uint64_t d)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t at = d + rand_below(&state, DEVICE_BYTES - 8);

		switch (rand_below(&state, 5)) {
		case 0:
			mmio_write8(at, (uint8_t)rand_next(&state));
			break;
		case 1:
			mmio_write32(at & ~UINT64_C(3), (uint32_t)rand_next(&state));
			break;
		case 2:
			mmio_write64(at & ~UINT64_C(7), rand_next(&state));
			break;
		case 3:
			(void)mmio_read16(at & ~UINT64_C(1));
			break;
		default:
			(void)mmio_read64(at & ~UINT64_C(7));
			break;
		}
	}
}

static void attack(uint64_t d)
{
	mmio_write32(d + FEATURES_SEL, 0);
	negotiate(d, rand_below(&state, 8) == 0 ? (uint32_t)rand_next(&state)
						: mmio_read32(d + FEATURES));
	for (uint32_t i = 0; i < QUEUES; i++) {
		if (rand_below(&state, 8) != 0)
			attack_queue(d, i);
	}
	if (rand_below(&state, 8) != 0)
		mmio_write32(d + STATUS, STATUS_SEEN | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	for (uint64_t i = rand_below(&state, 20); i != 0; i--)
		mmio_write32(d + QUEUE_NOTIFY, (uint32_t)rand_below(&state, QUEUES + 1));
	if (rand_below(&state, 4) == 0)
		attack_registers(d);
}

/* ---- and a good driver ---------------------------------------------------------------------- */

static void check_negotiation(uint64_t d)
{
	CHECK_EQ(mmio_read32(d + MAGIC), MAGIC_VALUE);
	negotiate(d, 0);
	CHECK_EQ(mmio_read32(d + STATUS), STATUS_SEEN | STATUS_FEATURES_OK);
	CHECK_EQ(mmio_read32(d + INTERRUPT), 0);
	mmio_write32(d + QUEUE_SEL, 0);
	CHECK_EQ(mmio_read32(d + QUEUE_READY), 0);
	CHECK(mmio_read32(d + QUEUE_MAX) >= SIZE);
}

/* Reads the first sector: a header, the data, the status. */
static void check_disk(uint64_t d)
{
	uint64_t base = arena, data = base + 0x2000, status = base + 0x3000;
	volatile uint16_t *used = (volatile uint16_t *)(base + 0xc02);

	for (uint64_t at = base; at < base + 0x4000; at += 8)
		write64(at, 0);
	negotiate(d, 0);
	write64(base, base + 0x400);
	write64(base + 8, UINT64_C(1) << 48 | UINT64_C(1) << 32 | 16);
	write64(base + 16, data);
	write64(base + 24, UINT64_C(2) << 48 | UINT64_C(3) << 32 | 512);
	write64(base + 32, status);
	write64(base + 40, UINT64_C(2) << 32 | 1);
	*(volatile uint8_t *)status = 0xff;
	set_queue(d, 0, SIZE, base, base + 0x800, base + 0xc00);
	mmio_write32(d + STATUS, STATUS_SEEN | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	dsb();
	*(volatile uint16_t *)(base + 0x802) = 1;
	dsb();
	mmio_write32(d + QUEUE_NOTIFY, 0);
	if (!CHECK(wait_for(*used == 1, WAIT_MS)))
		return;
	CHECK_EQ(*(volatile uint8_t *)status, 0);
	/* Others may have been written to meanwhile. */
	mmio_write32(d + FEATURES_SEL, 0);
	if ((mmio_read32(d + FEATURES) & BLOCK_RO) != 0)
		CHECK_EQ(*(volatile uint64_t *)data, MARK);
	CHECK_EQ(mmio_read32(d + INTERRUPT), 1);
	mmio_write32(d + INTERRUPT_ACK, 1);
	CHECK_EQ(mmio_read32(d + INTERRUPT), 0);
}

static void check_device(uint64_t d)
{
	check_negotiation(d);
	if (mmio_read32(d + DEVICE_ID) == ID_BLOCK)
		check_disk(d);
	mmio_write32(d + STATUS, 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void find_devices(void)
{
	struct dt_node node;
	uint64_t bytes;
	struct dt_range ram[DT_MAX_RAM];

	CHECK_EQ(dt_ram(ram, DT_MAX_RAM), 1);
	arena = ram[0].base + ARENA_OFFSET;
	ram_end = ram[0].base + ram[0].bytes;
	CHECK(arena + ARENA_BYTES <= ram_end);
	for (bool more = dt_root(&node) && dt_find_compatible("virtio,mmio", &node);
	     more && devices < DEVICES_MAX;
	     more = dt_next(&node) && dt_find_compatible("virtio,mmio", &node)) {
		if (CHECK(dt_reg(&node, 0, &device[devices], &bytes)))
			devices++;
	}
	CHECK(devices != 0);
}

static void test_devices(void)
{
	find_devices();
	for (unsigned int i = 0; i < devices; i++)
		check_device(device[i]);
}

static void test_rings(void)
{
	uint64_t rounds = dt_bootarg("rounds", 100);

	state = dt_bootarg("seed", 1);
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t d = device[rand_below(&state, devices)];

		attack(d);
		if (rand_below(&state, 10) == 0)
			check_device(d);
	}
	for (unsigned int i = 0; i < devices; i++)
		check_device(device[i]);
}

static void test_storm(void)
{
	for (unsigned int i = 0; i < devices; i++) {
		negotiate(device[i], 0);
		mmio_write32(device[i] + STATUS,
			     STATUS_SEEN | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
		for (unsigned int j = 0; j < STORM; j++)
			mmio_write32(device[i] + QUEUE_NOTIFY, j % QUEUES);
		check_device(device[i]);
	}
}

static const struct test tests[] = {
	{"virtio-devices", test_devices},
	{"virtio-rings", test_rings},
	{"virtio-storm", test_storm},
};

void payload_main(void)
{
	check_run(tests, ARRAY_SIZE(tests));
}
