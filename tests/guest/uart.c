// SPDX-License-Identifier: BSD-2-Clause
/* PL011 (Arm DDI 0183): registers, interrupts and output; under Caisson the event line too. */
#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/irqlog.h"

#define DR    0x000
#define RSR   0x004
#define FR    0x018
#define IBRD  0x024
#define FBRD  0x028
#define LCR_H 0x02c
#define CR    0x030
#define IFLS  0x034
#define IMSC  0x038
#define RIS   0x03c
#define MIS   0x040
#define ICR   0x044
#define ID0   0xfe0

#define FR_BUSY 0x08
#define FR_RXFE 0x10
#define FR_TXFF 0x20
#define FR_TXFE 0x80
#define INT_RX  0x10
#define INT_TX  0x20
#define INT_ALL 0x7ff
#define LINES   200

static const uint8_t id_bytes[8] = {0x11, 0x10, 0, 0, 0x0d, 0xf0, 0x05, 0xb1};

static bool pl011(void)
{
	if (!console_is_pl011)
		check_skip("the console is no PL011");
	return console_is_pl011;
}

static void ids_check(uint64_t base)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(id_bytes); i++) {
		uint32_t value = mmio_read32(base + ID0 + 4 * i);

		/* PeriphID2 holds the revision in its upper half. */
		CHECK_EQ(value & (i == 2 ? 0x0f : 0xff), i == 2 ? 4 : id_bytes[i]);
	}
}

static void test_ids(void)
{
	if (pl011())
		ids_check(console_base);
}

static void test_registers(void)
{
	if (!pl011())
		return;
	mmio_write32(console_base + IBRD, 0xffff);
	CHECK_EQ(mmio_read32(console_base + IBRD), 0xffff);
	mmio_write32(console_base + IBRD, 13);
	CHECK_EQ(mmio_read32(console_base + IBRD), 13);
	mmio_write32(console_base + FBRD, 0x15);
	CHECK_EQ(mmio_read32(console_base + FBRD), 0x15);
	mmio_write32(console_base + LCR_H, 0x70);
	CHECK_EQ(mmio_read32(console_base + LCR_H), 0x70);
	mmio_write32(console_base + IFLS, 0x09);
	CHECK_EQ(mmio_read32(console_base + IFLS), 0x09);
	CHECK_EQ(mmio_read32(console_base + CR) & 0x301, 0x301);
	mmio_write32(console_base + IMSC, 0x7f0);
	CHECK_EQ(mmio_read32(console_base + IMSC), 0x7f0);
	mmio_write32(console_base + IMSC, 0);
	CHECK_EQ(mmio_read32(console_base + MIS), 0);
	/* 16-bit and 8-bit accesses reach the same registers. */
	CHECK_EQ(mmio_read16(console_base + IBRD), 13);
	CHECK_EQ(mmio_read8(console_base + FBRD), 0x15);
	mmio_write16(console_base + IBRD, 27);
	CHECK_EQ(mmio_read32(console_base + IBRD), 27);
}

static void test_flags(void)
{
	if (!pl011())
		return;
	CHECK(wait_for(!(mmio_read32(console_base + FR) & FR_BUSY), 2000));
	CHECK_EQ(mmio_read32(console_base + FR) & (FR_TXFF | FR_TXFE), FR_TXFE);
	CHECK_EQ(mmio_read32(console_base + FR) & FR_RXFE, FR_RXFE);
	CHECK_EQ(mmio_read32(console_base + RSR) & 0xf, 0);
}

static void test_tx_interrupt(void)
{
	if (!pl011())
		return;
	gic_reset();
	mmio_write32(console_base + IMSC, 0);
	mmio_write32(console_base + ICR, INT_ALL);
	CHECK_EQ(mmio_read32(console_base + RIS) & INT_TX, 0);
	print("\n");
	CHECK(wait_for(mmio_read32(console_base + RIS) & INT_TX, 1000));
	CHECK_EQ(mmio_read32(console_base + MIS), 0);
	CHECK(!gic_is_pending(console_intid));
	mmio_write32(console_base + IMSC, INT_TX);
	CHECK_EQ(mmio_read32(console_base + MIS), INT_TX);
	CHECK(wait_for(gic_is_pending(console_intid), 1000));
	mmio_write32(console_base + ICR, INT_TX);
	CHECK_EQ(mmio_read32(console_base + RIS) & INT_TX, 0);
	CHECK(wait_for(!gic_is_pending(console_intid), 1000));
	mmio_write32(console_base + IMSC, 0);
}

static unsigned int left;

static void action_send(uint32_t intid)
{
	mmio_write32(console_base + ICR, INT_TX);
	if (!left) {
		mmio_write32(console_base + IMSC, 0);
		return;
	}
	left--;
	while (mmio_read32(console_base + FR) & FR_TXFF)
		relax();
	mmio_write32(console_base + DR, (uint8_t)(left % 64 ? '.' : '\n'));
	(void)intid;
}

/* A line of output sent wholly from the interrupt handler. */
static void test_tx_driven(void)
{
	if (!pl011())
		return;
	gic_reset();
	left = 128;
	gic_enable(console_intid);
	irqlog_start(action_send);
	irq_enable();
	mmio_write32(console_base + ICR, INT_ALL);
	mmio_write32(console_base + IMSC, INT_TX);
	while (mmio_read32(console_base + FR) & FR_TXFF)
		relax();
	mmio_write32(console_base + DR, '\n');
	CHECK(wait_for(__atomic_load_n(&left, __ATOMIC_ACQUIRE) == 0, 5000));
	time_delay_us(1000);
	irqlog_stop();
	mmio_write32(console_base + IMSC, 0);
	print("\n");
	CHECK(irqlogs[0].count >= 128);
	gic_reset();
}

/* Nobody types: with the receive interrupt on, none comes. */
static void idle_check(uint64_t base, uint32_t intid)
{
	gic_reset();
	gic_enable(intid);
	mmio_write32(base + ICR, INT_ALL);
	mmio_write32(base + IMSC, 0x50);
	CHECK_EQ(irqlog_ack_none(), GIC_SPURIOUS);
	CHECK(!gic_is_pending(intid));
	CHECK_EQ(mmio_read32(base + MIS), 0);
	mmio_write32(base + IMSC, 0);
}

static void test_rx_idle(void)
{
	if (pl011())
		idle_check(console_base, console_intid);
}

/* Every line leaves once, in order: the runner counts them. */
static void test_output(void)
{
	unsigned int i;

	for (i = 0; i < LINES; i++)
		print("LINE %u abcdefghijklmnopqrstuvwxyz 0123456789\n", i);
	CHECK(i == LINES);
}

static void test_event_line(void)
{
	struct dt_node node;
	uint64_t base, bytes;
	const char *path;
	uint32_t intid;

	if (!dt_caisson()) {
		check_skip("not under Caisson");
		return;
	}
	CHECK(dt_find_path("/caisson", &node));
	path = dt_prop_string(&node, "event-line");
	if (!CHECK(path && dt_find_path(path, &node)) || !CHECK(dt_reg(&node, 0, &base, &bytes)))
		return;
	intid = dt_intid(&node, 0, NULL);
	CHECK_SHOW(intid >= 32 && intid != console_intid, console_intid, intid);
	CHECK(base != console_base);
	ids_check(base);
	idle_check(base, intid);
	/* What is sent there goes nowhere, and does not block. */
	mmio_write32(base + CR, 0x301);
	for (bytes = 0; bytes < 100; bytes++) {
		if (!CHECK(wait_for(!(mmio_read32(base + FR) & FR_TXFF), 1000)))
			break;
		mmio_write32(base + DR, 'x');
	}
}

static const struct test tests[] = {
	{"uart-ids", test_ids},
	{"uart-registers", test_registers},
	{"uart-flags", test_flags},
	{"uart-tx-interrupt", test_tx_interrupt},
	{"uart-tx-driven", test_tx_driven},
	{"uart-rx-idle", test_rx_idle},
	{"uart-output", test_output},
	{"uart-event-line", test_event_line},
};

void payload_main(void)
{
	gic_reset();
	check_run(tests, ARRAY_SIZE(tests));
}
