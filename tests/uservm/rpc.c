// SPDX-License-Identifier: BSD-2-Clause
#include "tests/uservm/backdoor.h"

#include <string.h>

#include "tests/guest/lib/check.h"
#include "tests/guest/lib/dt.h"
#include "tests/guest/lib/rand.h"
#include "tests/guest/lib/sandbox.h"
#include "tests/guest/lib/smp.h"

/*
 * The tools' interface from EL1, and from EL0 with EL1 watching: each answer, each mistake that a
 * guest can make, and high bandwidth with a fault at every page. The kernel's command line says
 * what the VM was started with (policy=0 off, 1 read-only, 2 full), or what to do instead:
 * cost=1 counts traps and time of RPCs, flood=1 calls for ever, flood=2 does so on all vCPUs with
 * high bandwidth, for which each makes the others stand still; work=MS is for who is beside that.
 */

#define MRS_XZR_MDCCSR  0xd533011f
#define MRS_X0_MDCCSR   0xd5330100
#define MDSCR_SS        1
#define MDSCR_TDCC      (1 << 12)
#define PRODUCT_SERVER  2
#define PAGE            UINT64_C(4096)
#define BUFFER_PAGES    17 /* what 64 KiB that begin anywhere can touch */
#define PTE             (UINT64_C(0x3) | 1 << 2 | 3 << 8 | 1 << 10 | UINT64_C(3) << 53)
#define PTE_READ_ONLY   (1 << 7)
#define COUNT_TIMES     9
#define UART            0x09000000
#define FSC_TRANSLATION 0x07 /* at level 3 */
#define FSC_PERMISSION  0x0f

static uint8_t buffer[BUFFER_PAGES * PAGE] __attribute__((aligned(4096)));
static uint64_t table[512] __attribute__((aligned(4096)));
static uint8_t reply[MESSAGE_MAX + 16];

static uint32_t length(const char *text)
{
	uint32_t n = 0;

	while (text[n])
		n++;
	return n;
}

static bool begins(const void *bytes, int64_t count, const char *text)
{
	return count >= (int64_t)length(text) && memcmp(bytes, text, length(text)) == 0;
}

/* One RPC on a channel of its own; bytes of the reply, or -1. */
static int64_t ask(const char *command)
{
	struct channel channel;
	int64_t got;

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return -1;
	got = rpc(&channel, command, length(command), reply, sizeof(reply) - 1, false);
	(void)channel_close(&channel);
	return got;
}

static bool rpc_answers(const char *command, const char *answer)
{
	int64_t got = ask(command);

	if (got == (int64_t)length(answer) && begins(reply, got, answer))
		return true;
	reply[got < 0 ? 0 : got] = 0;
	print("%s: \"%s\" (%d), not \"%s\"\n", command, (const char *)reply, (int)got, answer);
	return false;
}

/* ---- commands ------------------------------------------------------------------------------- */

static void test_version(void)
{
	struct backdoor r = {{UINT64_C(0xdead) << 32 | BACKDOOR_MAGIC, 0,
			      UINT64_C(0xbeef) << 32 | BACKDOOR_GETVERSION,
			      UINT64_C(0xf00d) << 32 | BACKDOOR_PORT, 4, 5, 6, BACKDOOR_LOW}};
	struct backdoor old = r;

	backdoor_call(&r);
	CHECK_EQ((uint32_t)r.x[0], 6);
	CHECK_EQ((uint32_t)r.x[1], BACKDOOR_MAGIC);
	for (unsigned int i = 3; i < 8; i++)
		CHECK_EQ(r.x[i], old.x[i]);
}

/* Nothing but the two halves makes it a call: else it is a read of a register that is 0. */
static void test_no_call(void)
{
	static const uint64_t halves[][2] = {
		{BACKDOOR_MAGIC + 1, BACKDOOR_LOW},
		{BACKDOOR_MAGIC, UINT64_C(0x87) << 32 | 0xe},
		{BACKDOOR_MAGIC, 0xe},
		{0, BACKDOOR_LOW},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(halves); i++) {
		struct backdoor r = {{halves[i][0], 1, BACKDOOR_GETVERSION, BACKDOOR_PORT, 4, 5, 6,
				      halves[i][1]}};
		struct backdoor old = r;
		struct fault fault = fault_of(backdoor_call(&r));

		CHECK_EQ(fault.count, 0);
		for (unsigned int n = 0; n < 8; n++)
			CHECK_EQ(r.x[n], old.x[n]);
	}
}

static void test_unknown(void)
{
	for (uint64_t command = 200; command < 0x10000; command += 5003) {
		struct backdoor r = {
			{BACKDOOR_MAGIC, 0x1234, command, BACKDOOR_PORT, 4, 5, 6, BACKDOOR_LOW}};

		backdoor_call(&r);
		CHECK_EQ((uint32_t)r.x[0], 0xffffffff);
		CHECK_EQ((uint32_t)r.x[1], 0x1234);
	}
}

/*
 * One read of the register into x<rt> in a sandbox, with garbage in what does not count: what it
 * does, and what it leaves alone.
 */
static void check_form(enum sandbox_mode mode, bool is_wanted, unsigned int rt, bool is_call)
{
	struct sandbox_regs regs;
	const struct exc_frame *frame = sandbox_frame();
	bool traps = is_wanted && mode == SANDBOX_EL0 && !is_call;
	uint64_t esr, want;

	for (unsigned int i = 0; i < 31; i++)
		regs.x[i] = UINT64_C(0xabcd0000) << 16 | i;
	regs.sp = 0x1000;
	regs.x[0] = UINT64_C(0xdead) << 32 | (is_call ? BACKDOOR_MAGIC : BACKDOOR_MAGIC ^ 1);
	regs.x[2] = UINT64_C(0xbeef) << 32 | BACKDOOR_GETVERSION;
	regs.x[3] = UINT64_C(0xf00d) << 32 | BACKDOOR_PORT;
	regs.x[7] = BACKDOOR_LOW;
	sysreg_write(mdscr_el1, is_wanted ? MDSCR_TDCC : 0);
	isb();
	esr = sandbox_run(MRS_X0_MDCCSR | rt, &regs, mode);
	sysreg_write(mdscr_el1, 0);
	isb();
	CHECK_SHOW(ESR_EC(esr) == (traps ? EC_SYSREG : EC_SVC64), rt, esr);
	for (unsigned int i = 0; i < 31; i++) {
		want = i == rt && !traps ? 0 : regs.x[i];
		if (is_call && i < 7)
			want = i == 0   ? 6
			       : i == 1 ? BACKDOOR_MAGIC
			       : i == 2 ? PRODUCT_SERVER
					: regs.x[i];
		CHECK_SHOW(frame->x[i] == want, i, frame->x[i]);
	}
}

/* From both levels, whether EL1 wants EL0's reads or not, into registers and into none. */
static void test_forms(void)
{
	static const unsigned int rts[] = {31, 0, 1, 5, 7, 8, 30};
	struct sandbox_regs regs = {{BACKDOOR_MAGIC, 0, BACKDOOR_GETVERSION, BACKDOOR_PORT}, 0};

	sandbox_init();
	for (unsigned int i = 0; i < ARRAY_SIZE(rts) * 8; i++)
		check_form(i & 1 ? SANDBOX_EL0 : SANDBOX_EL1, i & 2, rts[i / 8], i & 4);
	/* It is one step of a debugger's. */
	regs.x[7] = BACKDOOR_LOW;
	sysreg_write(mdscr_el1, MDSCR_SS);
	isb();
	CHECK_EQ(ESR_EC(sandbox_step(MRS_XZR_MDCCSR, &regs, SANDBOX_EL0)), EC_STEP_LOWER);
	sysreg_write(mdscr_el1, 0);
	isb();
	CHECK_EQ(sandbox_frame()->x[0], 6);
	CHECK_EQ(sandbox_frame()->elr, 4);
}

/* ---- the channel ---------------------------------------------------------------------------- */

static void test_values(void)
{
	CHECK(rpc_answers("info-get guestinfo.none", "0 No value found"));
	CHECK(rpc_answers("info-set guestinfo.rpc some value", "1 "));
	CHECK(rpc_answers("info-get guestinfo.rpc", "1 some value"));
	CHECK(rpc_answers("make-coffee", "0 Unknown command"));
	CHECK(rpc_answers("", "0 Unknown command"));
	CHECK(rpc_answers("info-set guestinfo.rpc", "1 ")); /* takes it away */
	CHECK(rpc_answers("info-get guestinfo.rpc", "0 No value found"));
}

/* A step that does not fit, or another's, fails; what goes on after it is as the facts are. */
static void test_order(void)
{
	struct channel channel, other;
	uint32_t word = STATUS_SUCCESS;

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	CHECK(!(message_send(&channel, MESSAGE_SENDPAYLOAD, 0) & STATUS_SUCCESS));
	CHECK(!(message(&channel, MESSAGE_RECVPAYLOAD, &word) & STATUS_SUCCESS));
	CHECK(!(message_send(&channel, (enum message_type)7, 0) & STATUS_SUCCESS));
	CHECK(!(message_high(&channel, false, (uint64_t)buffer, 4) & STATUS_SUCCESS));
	CHECK(!(message_high(&channel, true, (uint64_t)buffer, 4) & STATUS_SUCCESS));
	other = channel;
	other.cookie_low ^= 1;
	CHECK(!(message_send(&other, MESSAGE_SENDSIZE, 4) & STATUS_SUCCESS));
	other = channel;
	other.cookie_high ^= UINT32_C(1) << 31;
	CHECK(!channel_close(&other));
	for (other = channel, other.id = 0; other.id < 0x10000; other.id += 97)
		if (other.id != channel.id)
			CHECK(!(message_send(&other, MESSAGE_SENDSIZE, 4) & STATUS_SUCCESS));
	CHECK(!(message_send(&channel, MESSAGE_SENDSIZE, MESSAGE_MAX + 1) & STATUS_SUCCESS));
	CHECK(!(message_send(&channel, MESSAGE_SENDSIZE, ~UINT32_C(0)) & STATUS_SUCCESS));
	(void)channel_close(&channel);
	CHECK(!channel_close(&channel));
	CHECK(!(message_send(&channel, MESSAGE_SENDSIZE, 4) & STATUS_SUCCESS));
	CHECK(rpc_answers("info-set guestinfo.order 1", "1 "));
}

/* As many as there are, and not one more; cookies are no series; all can be had again. */
static void test_channels(void)
{
	static struct channel channels[CHANNELS_MAX + 1];
	unsigned int count = 0;

	while (count <= CHANNELS_MAX && channel_open(&channels[count], MESSAGE_RPCI))
		count++;
	CHECK(count > 8 && count <= CHANNELS_MAX);
	for (unsigned int i = 1; i < count; i++) {
		CHECK(channels[i].id != channels[i - 1].id);
		CHECK(channels[i].cookie_low != channels[i - 1].cookie_low ||
		      channels[i].cookie_high != channels[i - 1].cookie_high);
	}
	for (unsigned int i = 0; i < count; i++)
		CHECK(channel_close(&channels[i]));
	CHECK(rpc_answers("info-set guestinfo.channels 1", "1 "));
}

/* ---- high bandwidth ------------------------------------------------------------------------- */

/* The buffer in a window of address space, page by page as `table` has it. */
static uint64_t map_buffer(void)
{
	for (unsigned int i = 0; i < BUFFER_PAGES; i++)
		table[i] = ((uint64_t)buffer + i * PAGE) | PTE;
	return mmu_window_table((uint64_t)table);
}

static void set_page(unsigned int page, uint64_t pte)
{
	__atomic_store_n(&table[page], 0, __ATOMIC_RELEASE);
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish" ::: "memory");
	__atomic_store_n(&table[page], pte, __ATOMIC_RELEASE);
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

/* A value of so many bytes that begins anywhere in the window; the whole command's bytes. */
static uint32_t make_command(uint8_t *at, uint32_t value_bytes, uint64_t seed)
{
	static const char start[] = "info-set guestinfo.high ";
	uint32_t bytes = sizeof(start) - 1;

	memcpy(at, start, bytes);
	for (uint32_t i = 0; i < value_bytes; i++)
		at[bytes + i] = (uint8_t)('a' + rand_below(&seed, 26));
	return bytes + value_bytes;
}

/* The value is there as it was sent, by words this time. */
static void check_high_value(const uint8_t *command, uint32_t bytes)
{
	static const char get[] = "info-get guestinfo.high";
	uint32_t start = length("info-set guestinfo.high ");
	struct channel channel;
	int64_t got = -1;

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	got = rpc(&channel, get, sizeof(get) - 1, reply, sizeof(reply), false);
	CHECK_EQ(got, bytes - start + 2);
	CHECK(got > 2 && memcmp(reply + 2, command + start, bytes - start) == 0);
	(void)channel_close(&channel);
}

static void check_fault(struct fault fault, uint64_t far, unsigned int fsc, bool write)
{
	CHECK_EQ(fault.count, 1);
	CHECK_EQ(ESR_EC(fault.esr), EC_DABT_SAME);
	CHECK_EQ(ESR_FSC(fault.esr), fsc);
	CHECK_EQ(ESR_WNR(fault.esr), write);
	CHECK_EQ(fault.far, far);
}

/* A transfer of which one page after the other is not there, then not writable, then all are. */
static void transfer_with_faults(struct channel *channel, bool is_in, uint64_t address,
				 uint32_t bytes)
{
	uint64_t window = address & ~(PAGE * 512 - 1), far;
	unsigned int first = (unsigned int)((address - window) / PAGE);
	unsigned int last = (unsigned int)((address + bytes - 1 - window) / PAGE);

	for (unsigned int page = first; page <= last; page++) {
		uint64_t pte = table[page];
		struct fault fault;

		far = page == first ? address : window + page * PAGE;
		set_page(page, 0);
		fault = fault_of((void)message_high(channel, is_in, address, bytes));
		check_fault(fault, far, FSC_TRANSLATION, is_in);
		set_page(page, pte | PTE_READ_ONLY);
		if (is_in) {
			fault = fault_of((void)message_high(channel, is_in, address, bytes));
			check_fault(fault, far, FSC_PERMISSION, true);
		}
		set_page(page, pte);
	}
	/* Each of these has left the message where it was. */
	CHECK(message_high(channel, is_in, address, bytes) & STATUS_SUCCESS);
}

static void test_high(void)
{
	static const char get[] = "info-get guestinfo.high";
	uint64_t window = map_buffer(), at = window + PAGE - 3;
	uint32_t bytes = make_command((uint8_t *)at, 60000, 7), size = 0, status;
	uint32_t word = STATUS_SUCCESS, start = length("info-set guestinfo.high ");
	struct channel channel;

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	status = message_send(&channel, MESSAGE_SENDSIZE, bytes);
	if (!CHECK(status & STATUS_HIGH))
		return;
	transfer_with_faults(&channel, false, at, bytes);
	CHECK_EQ(channel_receive(&channel, reply, sizeof(reply), true), 2);
	check_high_value((uint8_t *)at, bytes);

	CHECK(channel_send(&channel, get, sizeof(get) - 1, true));
	status = message(&channel, MESSAGE_RECVSIZE, &size);
	CHECK(status & STATUS_DORECV);
	CHECK_EQ(size, bytes - start + 2);
	memcpy(reply, (uint8_t *)at + start, bytes - start);
	memset(buffer, 0, sizeof(buffer));
	transfer_with_faults(&channel, true, window + 1, size);
	CHECK(message(&channel, MESSAGE_RECVSTATUS, &word) & STATUS_SUCCESS);
	CHECK(memcmp(reply, (uint8_t *)window + 3, bytes - start) == 0);
	(void)channel_close(&channel);
}

/* More than the message lacks, nothing, and addresses that are mapped but are no memory. */
static void test_high_wrong(void)
{
	static const uint64_t sizes[] = {
		0, 101, MESSAGE_MAX, MESSAGE_MAX + 1, UINT64_C(1) << 32 | 100, ~UINT64_C(0)};
	struct channel channel;
	struct fault fault;
	uint32_t status;

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		status = message_send(&channel, MESSAGE_SENDSIZE, 100);
		CHECK(status & STATUS_SUCCESS);
		fault = fault_of(status =
					 message_high(&channel, false, (uint64_t)buffer, sizes[i]));
		CHECK_SHOW(fault.count == 0 && !(status & STATUS_SUCCESS), sizes[i], status);
	}
	CHECK(message_send(&channel, MESSAGE_SENDSIZE, 100) & STATUS_SUCCESS);
	fault = fault_of(status = message_high(&channel, false, UART, 100));
	CHECK(fault.count == 0 && !(status & STATUS_SUCCESS));
	(void)channel_close(&channel);
	CHECK(rpc_answers("info-set guestinfo.wrong 1", "1 "));
}

/* The kernel's memory at EL0's request: the fault is EL0's. */
static void test_high_el0(void)
{
	struct sandbox_regs regs = {0};
	struct channel channel;
	uint64_t esr;

	sandbox_init();
	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	for (unsigned int is_in = 0; is_in < 2; is_in++) {
		CHECK(message_send(&channel, MESSAGE_SENDSIZE, 64) & STATUS_SUCCESS);
		regs.x[0] = BACKDOOR_MAGIC;
		regs.x[1] = STATUS_SUCCESS << 16;
		regs.x[2] = 64;
		regs.x[3] = channel.id << 16 | BACKDOOR_PORT_HIGH;
		regs.x[4] = is_in ? channel.cookie_high : (uint64_t)buffer;
		regs.x[5] = is_in ? (uint64_t)buffer : channel.cookie_low;
		regs.x[6] = is_in ? channel.cookie_low : channel.cookie_high;
		regs.x[7] = is_in ? BACKDOOR_IN : BACKDOOR_OUT;
		esr = sandbox_run(MRS_XZR_MDCCSR, &regs, SANDBOX_EL0);
		CHECK_EQ(ESR_EC(esr), EC_DABT_LOWER);
		CHECK_EQ(ESR_WNR(esr), is_in);
		CHECK_EQ(sandbox_frame()->far, buffer);
		CHECK_EQ(sandbox_frame()->elr, 0); /* at the instruction, as an offset */
	}
	(void)channel_close(&channel);
}

/* ---- policies ------------------------------------------------------------------------------- */

static void test_off(void)
{
	struct backdoor r = {
		{BACKDOOR_MAGIC, 1, BACKDOOR_GETVERSION, BACKDOOR_PORT, 4, 5, 6, BACKDOOR_LOW}};
	struct backdoor old = r;

	CHECK_EQ(fault_of(backdoor_call(&r)).count, 0);
	for (unsigned int n = 0; n < 8; n++)
		CHECK_EQ(r.x[n], old.x[n]);
}

static void test_read_only(void)
{
	CHECK(rpc_answers("info-get guestinfo.given", "1 by the host"));
	CHECK(begins(reply, ask("info-set guestinfo.rpc some value"), "0 "));
	CHECK(begins(reply, ask("info-set guestinfo.given other"), "0 "));
	CHECK(rpc_answers("info-get guestinfo.rpc", "0 No value found"));
	CHECK(rpc_answers("info-get guestinfo.given", "1 by the host"));
}

/* ---- counting, flooding --------------------------------------------------------------------- */

/* Traps and ticks of info-set with so many bytes, of several times; the channel is open. */
static void count_rpc(const char *name, uint32_t value_bytes)
{
	uint32_t bytes = make_command(buffer, value_bytes, 1);
	uint64_t ticks[COUNT_TIMES] = {0}, start, calls = 0;
	struct channel channel = {0};

	if (!CHECK(channel_open(&channel, MESSAGE_RPCI)))
		return;
	for (unsigned int i = 0; i < COUNT_TIMES; i++) {
		uint64_t took;
		unsigned int at = i;

		calls = channel.calls;
		start = time_now();
		CHECK_EQ(rpc(&channel, buffer, bytes, reply, sizeof(reply), true), 2);
		took = time_now() - start;
		calls = channel.calls - calls;
		for (; at > 0 && ticks[at - 1] > took; at--)
			ticks[at] = ticks[at - 1];
		ticks[at] = took;
	}
	print("ROW %s %lu %lu\n", name, ticks[0], ticks[COUNT_TIMES / 2]);
	print("ROW %s_traps %lu %lu\n", name, calls, calls);
	(void)channel_close(&channel);
}

static void test_cost(void)
{
	count_rpc("rpc_1", 1);
	count_rpc("rpc_1k", 1 << 10);
	count_rpc("rpc_60k", 60 << 10);
}

static void flood(void)
{
	static const char set[] = "info-set guestinfo.flood x";
	uint64_t seed = 1, count = 0;
	struct channel channel = {0};

	print("flooding\n");
	for (;; count++) {
		struct backdoor r = {{BACKDOOR_MAGIC, rand_next(&seed), rand_below(&seed, 70),
				      BACKDOOR_PORT + rand_below(&seed, 2), (uint64_t)buffer,
				      (uint64_t)buffer, rand_next(&seed), BACKDOOR_LOW}};

		backdoor_call(&r);
		if (count % 4 != 0)
			continue;
		if (channel_open(&channel, MESSAGE_RPCI)) {
			(void)rpc(&channel, set, sizeof(set) - 1, reply, sizeof(reply), true);
			(void)channel_close(&channel);
		}
	}
}

static void flood_high(void *arg)
{
	static uint8_t replies[MAX_CPUS][MESSAGE_MAX];
	uint8_t *own = replies[cpu_this()->index];
	uint32_t bytes = *(const uint32_t *)arg;
	struct channel channel = {0};

	for (;;) {
		if (channel_open(&channel, MESSAGE_RPCI)) {
			(void)rpc(&channel, buffer, bytes, own, sizeof(replies[0]), true);
			(void)channel_close(&channel);
		}
	}
}

static void flood_all(void)
{
	static uint32_t bytes;

	bytes = make_command(buffer, 60 << 10, 1);
	(void)CHECK_EQ(smp_start_all(), cpu_count);
	print("flooding\n");
	(void)CHECK(smp_run_all(flood_high, &bytes));
}

/* Computes for so long, and says how far it came. */
static void work(uint64_t ms)
{
	uint64_t end = time_now() + time_ticks_us(1000 * ms), rounds = 0, seed = 0;

	print("working\n");
	for (; time_now() < end; rounds++)
		for (unsigned int i = 0; i < 1000; i++)
			(void)rand_next(&seed);
	print("rounds %lu %lx\n", rounds, seed);
}

static const struct test off_tests[] = {
	{"tools-off", test_off},
	{"tools-no-call", test_no_call},
};

static const struct test read_only_tests[] = {
	{"tools-version", test_version},
	{"tools-read-only", test_read_only},
};

static const struct test full_tests[] = {
	{"tools-version", test_version},       {"tools-no-call", test_no_call},
	{"tools-forms", test_forms},           {"tools-unknown", test_unknown},
	{"tools-values", test_values},         {"tools-order", test_order},
	{"tools-channels", test_channels},     {"tools-high", test_high},
	{"tools-high-wrong", test_high_wrong}, {"tools-high-el0", test_high_el0},
};

static const struct test cost_tests[] = {
	{"tools-cost", test_cost},
};

void payload_main(void)
{
	if (dt_bootarg("flood", 0) == 2)
		flood_all();
	else if (dt_bootarg("flood", 0))
		flood();
	else if (dt_bootarg("work", 0))
		work(dt_bootarg("work", 0));
	else if (dt_bootarg("cost", 0))
		check_run(cost_tests, ARRAY_SIZE(cost_tests));
	else if (dt_bootarg("policy", 2) == 0)
		check_run(off_tests, ARRAY_SIZE(off_tests));
	else if (dt_bootarg("policy", 2) == 1)
		check_run(read_only_tests, ARRAY_SIZE(read_only_tests));
	else
		check_run(full_tests, ARRAY_SIZE(full_tests));
}
