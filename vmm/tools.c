// SPDX-License-Identifier: BSD-2-Clause
#include "vmm/tools.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "vmm/clock.h"
#include "vmm/say.h"
#include "vmm/tools_rpc.h"

/* X7[31:0] of calls with four bytes in registers, IN from the port in DX. */
#define FORM_LOW     0x0e
#define PORT_LOW     0x5658
#define HIGH_MESSAGE 0 /* W1[15:0] of the high-bandwidth port, whose W1[31:16] is a status */
#define ALL_ONES     UINT64_C(0xffffffff)

/* W2[15:0] */
enum command {
	COMMAND_GETMHZ = 1,
	COMMAND_GETVERSION = 10,
	COMMAND_GETDEVICELISTELEMENT = 11,
	COMMAND_TOGGLEDEVICE = 12,
	COMMAND_GETGUIOPTIONS = 13,
	COMMAND_GETHWVERSION = 17,
	COMMAND_GETTIME = 23,
	COMMAND_STOPCATCHUP = 24,
	COMMAND_MESSAGE = 30,
	COMMAND_GETTIMEFULL = 46,
	COMMAND_GETTIMEFULL_WITH_LAG = 55,
};

#define BACKDOOR_VERSION 6
#define PRODUCT_SERVER   2
#define HARDWARE_VERSION 19
#define GUI_OPTION_SYNC  0x400 /* the guest's own time synchronisation */

/* By how much the guest's clock may be behind before its tools do something. */
#define MAX_LAG_US 100000

/*
 * A transfer of the longest message, 4 bytes a call, is 16384 calls. What is beyond the rate waits,
 * in the thread of the vCPU that called.
 */
#define CALLS_PER_SECOND 20000
#define CALLS_BURST      40000

#define MESSAGE_BYTES_MAX MIB(8)

#define PAGE_BYTES 4096

/* ---- helpers ----------------------------------------------------------------------------- */

uint64_t tools_rate_take(struct tools_rate *rate, uint64_t now_ns, uint32_t per_second,
			 uint32_t burst, bool wait)
{
	uint64_t period_ns = NS_PER_S / per_second, credit_ns = burst * period_ns;
	uint64_t next_ns = rate->next_ns;

	if (next_ns + credit_ns < now_ns)
		next_ns = now_ns - credit_ns;
	if (next_ns <= now_ns || wait)
		rate->next_ns = next_ns + period_ns;
	return next_ns <= now_ns ? 0 : next_ns - now_ns;
}

/* ---- channels ---------------------------------------------------------------------------- */

/* In front of each message's memory: how much it is. */
union block {
	size_t bytes;
	max_align_t align;
};

uint8_t *tools_allocate(struct tools *t, size_t bytes)
{
	union block *block;

	if (bytes > MESSAGE_BYTES_MAX - t->message_bytes)
		return NULL;
	block = malloc(sizeof(*block) + bytes);
	if (block == NULL)
		return NULL;
	block->bytes = bytes;
	t->message_bytes += bytes;
	return (uint8_t *)(block + 1);
}

static uint8_t *allocate(void *arg, uint32_t bytes)
{
	return tools_allocate(arg, bytes);
}

static void release(void *arg, uint8_t *memory)
{
	union block *block = (union block *)memory - 1;
	struct tools *t = arg;

	t->message_bytes -= block->bytes;
	explicit_bzero(memory, block->bytes); /* it may hold a secret */
	free(block);
}

static uint32_t random_cookie(void *arg)
{
	uint32_t cookie = 0;

	/* So few bytes come whole, once Linux has any. */
	while (getrandom(&cookie, sizeof(cookie), 0) != sizeof(cookie))
		;
	return cookie;
}

static void on_message(void *arg, uint32_t id, const uint8_t *message, uint32_t bytes)
{
	struct tools *t = arg;

	if (gtchannel_is_open(&t->channels, id, GTCHANNEL_RPCI))
		tools_rpc(t, id, message, bytes);
	else
		tools_tclo_message(t, id, message, bytes);
}

static void on_opened(void *arg, uint32_t id)
{
	struct tools *t = arg;

	if (gtchannel_is_open(&t->channels, id, GTCHANNEL_TCLO))
		tools_tclo_opened(t, id);
}

static void on_closed(void *arg, uint32_t id)
{
	tools_tclo_closed(arg, id);
}

static const struct gtchannel_ops ops = {
	.allocate = allocate,
	.release = release,
	.random = random_cookie,
	.message = on_message,
	.opened = on_opened,
	.closed = on_closed,
};

/* ---- commands ---------------------------------------------------------------------------- */

/* The guest's registers: x as they came, w as they go back. */
struct registers {
	const uint64_t *x;
	uint64_t *result;
};

static uint64_t with_high(uint64_t low, uint32_t high)
{
	return (low & 0xffff) | (uint64_t)high << 16;
}

static void get_version(struct tools *t, struct registers *r)
{
	r->result[0] = BACKDOOR_VERSION;
	r->result[1] = CAISSON_TOOLS_W0;
	r->result[2] = PRODUCT_SERVER;
}

static void get_hw_version(struct tools *t, struct registers *r)
{
	r->result[0] = HARDWARE_VERSION;
	r->result[1] = CAISSON_TOOLS_W0;
}

static void get_mhz(struct tools *t, struct registers *r)
{
	r->result[0] = t->mhz;
}

static void get_zero(struct tools *t, struct registers *r)
{
	r->result[0] = 0;
}

static void get_gui_options(struct tools *t, struct registers *r)
{
	r->result[0] = t->sync ? GUI_OPTION_SYNC : 0;
}

static void do_nothing(struct tools *t, struct registers *r)
{
}

static void get_time(struct tools *t, struct registers *r)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	r->result[0] = (uint32_t)now.tv_sec;
	r->result[1] = (uint64_t)now.tv_nsec / 1000;
	r->result[2] = MAX_LAG_US;
}

static void get_time_full(struct tools *t, struct registers *r)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	r->result[1] = (uint64_t)now.tv_nsec / 1000;
	r->result[2] = MAX_LAG_US;
	r->result[3] = (uint32_t)now.tv_sec;
	r->result[4] = (uint64_t)now.tv_sec >> 32;
}

static void get_time_full_with_lag(struct tools *t, struct registers *r)
{
	get_time_full(t, r);
	r->result[5] = 0;
}

static void message(struct tools *t, struct registers *r)
{
	const struct gtchannel_call call = {.type = (uint16_t)(r->x[2] >> 16),
					    .id = (uint16_t)(r->x[3] >> 16),
					    .value = (uint32_t)r->x[1],
					    .cookie = {(uint32_t)r->x[4], (uint32_t)r->x[5]}};
	struct gtchannel_answer answer = gtchannel_call(&t->channels, &call, clock_now_ms());

	r->result[2] = with_high(r->x[2], answer.status);
	if (answer.has_value) {
		r->result[1] = answer.value;
		r->result[3] = with_high(r->x[3], answer.tag);
	}
	if (answer.has_cookie) {
		r->result[4] = answer.cookie[0];
		r->result[5] = answer.cookie[1];
	}
}

static void (*const serve[])(struct tools *t, struct registers *r) = {
	[COMMAND_GETMHZ] = get_mhz,
	[COMMAND_GETVERSION] = get_version,
	[COMMAND_GETDEVICELISTELEMENT] = get_zero,
	[COMMAND_TOGGLEDEVICE] = get_zero,
	[COMMAND_GETGUIOPTIONS] = get_gui_options,
	[COMMAND_GETHWVERSION] = get_hw_version,
	[COMMAND_GETTIME] = get_time,
	[COMMAND_STOPCATCHUP] = do_nothing,
	[COMMAND_MESSAGE] = message,
	[COMMAND_GETTIMEFULL] = get_time_full,
	[COMMAND_GETTIMEFULL_WITH_LAG] = get_time_full_with_lag,
};

/* ---- calls ------------------------------------------------------------------------------- */

/* Moves bytes between a message and the pages that EL2 has found; first looks at all of these. */
static bool move(const struct run_page *page, const struct guestmem *memory, uint8_t *bytes,
		 uint64_t count, bool to_guest)
{
	uint8_t *at[RUN_TOOLS_PAGES];
	uint64_t length[RUN_TOOLS_PAGES];
	uint32_t pages = page->tools_pages;

	if (pages > RUN_TOOLS_PAGES)
		return false;
	for (uint32_t i = 0; i < pages; i++) {
		uint64_t ipa = page->tools_page[i], room = PAGE_BYTES - ipa % PAGE_BYTES;

		length[i] = count < room ? count : room;
		at[i] = guestmem_at(memory, ipa, length[i]);
		if (at[i] == NULL)
			return false;
		count -= length[i];
	}
	if (count != 0)
		return false;
	for (uint32_t i = 0; i < pages; bytes += length[i++]) {
		memcpy(to_guest ? at[i] : bytes, to_guest ? bytes : at[i], length[i]);
		if (to_guest)
			guestmem_wrote(memory, at[i], length[i]);
	}
	return true;
}

static bool move_out(struct tools *t, const struct run_page *page, const struct guestmem *memory)
{
	const uint64_t *x = page->args;
	const struct gtchannel_call named = {.id = (uint16_t)(x[3] >> 16),
					     .cookie = {(uint32_t)x[6], (uint32_t)x[5]}};
	uint8_t *message = gtchannel_send(&t->channels, &named, x[2]);

	if (message == NULL || !move(page, memory, message, x[2], false))
		return false;
	gtchannel_sent(&t->channels, named.id, clock_now_ms());
	return true;
}

static bool move_in(struct tools *t, const struct run_page *page, const struct guestmem *memory)
{
	const uint64_t *x = page->args;
	const struct gtchannel_call named = {.id = (uint16_t)(x[3] >> 16),
					     .cookie = {(uint32_t)x[4], (uint32_t)x[6]}};
	const uint8_t *message = gtchannel_receive(&t->channels, &named, x[2]);

	if (message == NULL || !move(page, memory, (uint8_t *)message, x[2], true))
		return false;
	gtchannel_received(&t->channels, named.id, clock_now_ms());
	return true;
}

/* The port for high bandwidth. */
static void call_high(struct tools *t, struct run_page *page, const struct guestmem *memory)
{
	uint32_t form = (uint32_t)page->args[7];
	bool done = false;

	if ((uint16_t)page->args[1] == HIGH_MESSAGE && form == RUN_TOOLS_OUT)
		done = move_out(t, page, memory);
	else if ((uint16_t)page->args[1] == HIGH_MESSAGE && form == RUN_TOOLS_IN)
		done = move_in(t, page, memory);
	page->result[1] = with_high(page->args[1], done ? GTCHANNEL_SUCCESS : 0);
}

static void call(struct tools *t, struct run_page *page, const struct guestmem *memory)
{
	struct registers r = {.x = page->args, .result = page->result};
	uint16_t command = (uint16_t)page->args[2];

	memcpy(page->result, page->args, sizeof(page->result));
	if ((uint16_t)page->args[3] == RUN_TOOLS_PORT)
		call_high(t, page, memory);
	else if ((uint32_t)page->args[7] == FORM_LOW && (uint16_t)page->args[3] == PORT_LOW &&
		 command < ARRAY_SIZE(serve) && serve[command] != NULL)
		serve[command](t, &r);
	else
		page->result[0] = ALL_ONES;
}

uint64_t tools_exit(struct tools *t, struct run_page *page, const struct guestmem *memory)
{
	char line[TOOLS_LINE_BYTES];
	uint64_t wait_ns;

	(void)pthread_mutex_lock(&t->lock);
	t->wait_ns =
		tools_rate_take(&t->calls, clock_now_ns(), CALLS_PER_SECOND, CALLS_BURST, true);
	call(t, page, memory);
	wait_ns = t->wait_ns;
	memcpy(line, t->line, sizeof(line));
	t->line[0] = '\0';
	(void)pthread_mutex_unlock(&t->lock);
	if (line[0] != '\0')
		say("%s", line);
	return wait_ns;
}

void tools_init(struct tools *t, enum tools_policy policy, uint32_t mhz)
{
	*t = (struct tools){
		.policy = policy, .mhz = mhz, .main = TOOLS_NO_CHANNEL, .event = -1, .clock = -1};
	(void)pthread_mutex_init(&t->lock, NULL);
	gtchannel_init(&t->channels, &ops, t, true);
}

void tools_reset(struct tools *t)
{
	(void)pthread_mutex_lock(&t->lock);
	gtchannel_reset(&t->channels);
	t->report = (struct tools_report){.running = false};
	(void)pthread_mutex_unlock(&t->lock);
}

void tools_free(struct tools *t)
{
	tools_reset(t);
	guestinfo_clear(&t->info);
}

/* ---- values ------------------------------------------------------------------------------ */

enum err tools_info_set(struct tools *t, const char *key, const uint8_t *value, size_t bytes,
			uint32_t reads)
{
	enum err err;

	(void)pthread_mutex_lock(&t->lock);
	err = guestinfo_set(&t->info, GUESTINFO_OWNER, key, value, bytes, reads);
	(void)pthread_mutex_unlock(&t->lock);
	return err;
}

enum err tools_info_get(struct tools *t, const char *key, uint8_t **value, size_t *bytes)
{
	const struct guestinfo_entry *entry;
	enum err err = ERR_OK;

	(void)pthread_mutex_lock(&t->lock);
	entry = guestinfo_get(&t->info, key);
	if (entry == NULL)
		err = ERR_NOT_FOUND;
	else if (entry->value == NULL)
		err = ERR_DENIED;
	else if ((*value = malloc(entry->bytes + 1)) == NULL)
		err = ERR_NO_MEMORY;
	if (err == ERR_OK) {
		*bytes = entry->bytes;
		memcpy(*value, entry->value, entry->bytes);
		(*value)[entry->bytes] = '\0';
	}
	(void)pthread_mutex_unlock(&t->lock);
	return err;
}

void tools_info_list(struct tools *t, void (*each)(void *arg, const struct guestinfo_entry *entry),
		     void *arg)
{
	(void)pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < t->info.count; i++)
		each(arg, t->info.entry[i]);
	(void)pthread_mutex_unlock(&t->lock);
}
