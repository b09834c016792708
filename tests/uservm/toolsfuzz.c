// SPDX-License-Identifier: BSD-2-Clause
/*
 * toolsfuzz SEED ROUNDS [NAME]: the tools' interface from inside, as a process of a guest's Linux
 * that means no good. Threads make random calls (commands, ports, sizes, channels, cookies, types
 * out of order, high bandwidth from and to addresses of every kind) and between them honest ones;
 * another thread changes the rights of the memory that the transfers are made with all the time,
 * and takes it away. ROUNDS is how many calls a thread makes; NAME is the prefix of the keys that
 * honest calls use.
 *
 * What must hold: nothing is read from or written to memory for which the process has no such
 * right, no kernel memory is moved, a value that was set is the value that is got, the registers
 * that a call does not answer in stay, and the process lives on. One line: ok, or what is wrong.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/lib/rand.h"
#include "tests/uservm/backdoor.h"

#define THREADS     3
#define PAGE        4096
#define ARENA_PAGES 20 /* more than a transfer can need */
#define HONEST_MAX  1500
#define KERNEL      UINT64_C(0xffff000000000000)
#define PATTERN     0x5a

/* Each thread's memory: pages whose rights change, and those of which nothing may change. */
struct thread {
	pthread_t id;
	uint64_t seed;
	uint8_t *arena;  /* ARENA_PAGES that the mapper plays with */
	uint8_t *sealed; /* ARENA_PAGES with sealed_rights */
	sigjmp_buf back;
	volatile sig_atomic_t is_calling;
	struct channel channel; /* that random calls are made on; often with another's cookie */
	uint64_t calls, faults, successes, honest, refused;
};

/* Of page n of `sealed`, by n % 4. */
static const int sealed_rights[4] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_READ | PROT_WRITE,
				     PROT_NONE};

static struct thread threads[THREADS];
static __thread struct thread *self;
static uint64_t rounds;
static const char *prefix;
static volatile bool is_over;

static uint64_t below(uint64_t limit)
{
	return rand_below(&self->seed, limit);
}

static void fail(const char *what, uint64_t a, uint64_t b)
{
	printf("toolsfuzz: %s: %llx %llx\n", what, (unsigned long long)a, (unsigned long long)b);
	(void)fflush(stdout);
	_exit(1);
}

static void on_fault(int number)
{
	if (!self || !self->is_calling) {
		static const char text[] = "toolsfuzz: a signal out of nowhere\n";

		(void)!write(1, text, sizeof(text) - 1);
		_exit(1);
	}
	siglongjmp(self->back, number);
}

/* Calls the function; false when a signal has ended it. */
static bool attempt(void (*function)(void *arg), void *arg)
{
	if (sigsetjmp(self->back, 1) != 0) {
		self->is_calling = 0;
		self->faults++;
		return false;
	}
	self->is_calling = 1;
	function(arg);
	self->is_calling = 0;
	return true;
}

/* ---- memory --------------------------------------------------------------------------------- */

static uint8_t *map_pages(void)
{
	uint8_t *at = mmap(NULL, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail("no memory", 0, 0);
	return at;
}

static void seal(struct thread *thread)
{
	thread->sealed = map_pages();
	memset(thread->sealed, PATTERN, ARENA_PAGES * PAGE);
	for (unsigned int page = 0; page < ARENA_PAGES; page++)
		if (mprotect(thread->sealed + page * PAGE, PAGE, sealed_rights[page % 4]) != 0)
			fail("mprotect", page, 0);
}

static void check_sealed(void)
{
	for (unsigned int page = 1; page < ARENA_PAGES; page += 4)
		for (unsigned int at = 0; at < PAGE; at++)
			if (self->sealed[page * PAGE + at] != PATTERN)
				fail("a page that is read-only has changed", page, at);
}

/* Has the process these rights to all of the range, where it is in `sealed`? */
static bool is_allowed(uint64_t address, uint64_t bytes, int right)
{
	uint64_t start = (uintptr_t)self->sealed;

	for (unsigned int page = 0; page < ARENA_PAGES; page++)
		if (address < start + (page + 1) * PAGE && start + page * PAGE < address + bytes &&
		    !(sealed_rights[page % 4] & right))
			return false;
	return true;
}

/* The rights of random pages of random arenas, for as long as somebody works. */
static void *map_and_unmap(void *arg)
{
	static const int rights[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE};
	uint64_t seed = *(const uint64_t *)arg;
	unsigned int first, count;
	uint8_t *at;

	while (!is_over) {
		first = (unsigned int)rand_below(&seed, ARENA_PAGES);
		count = 1 + (unsigned int)rand_below(&seed, ARENA_PAGES - first);
		at = threads[rand_below(&seed, THREADS)].arena + first * PAGE;
		switch (rand_below(&seed, 4)) {
		case 0: /* gone, and back as pages that nobody has touched */
			(void)munmap(at, count * PAGE);
			(void)mmap(at, count * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 1:
			(void)madvise(at, count * PAGE, MADV_DONTNEED);
			break;
		default:
			(void)mprotect(at, count * PAGE, rights[rand_below(&seed, 4)]);
		}
		if (rand_below(&seed, 8) == 0)
			usleep(200);
	}
	return NULL;
}

/* ---- random calls --------------------------------------------------------------------------- */

static uint64_t any_number(void)
{
	return rand_odd(&self->seed, 70);
}

static uint64_t any_bytes(void)
{
	switch (below(5)) {
	case 0:
		return any_number();
	case 1:
		return MESSAGE_MAX - 4 + below(9);
	case 2:
		return below(8);
	default:
		return below(MESSAGE_MAX + 1);
	}
}

/* Mostly where the mapper plays; tags, kernel addresses, the ends of everything. */
static uint64_t any_address(void)
{
	switch (below(8)) {
	case 0:
		return any_number();
	case 1:
		return KERNEL + below(UINT64_C(1) << 48);
	case 2:
		return (uintptr_t)self->sealed + below((uint64_t)PAGE * ARENA_PAGES);
	case 3:
		return ((uintptr_t)self->arena + below((uint64_t)PAGE * ARENA_PAGES)) |
		       below(256) << 56;
	default:
		return (uintptr_t)self->arena + below((uint64_t)PAGE * ARENA_PAGES);
	}
}

/* One's own, with a wrong bit now and then; another thread's; none's. */
static struct channel any_channel(void)
{
	struct channel channel = below(4) ? self->channel : threads[below(THREADS)].channel;

	if (below(12) == 0)
		channel.id = (uint32_t)below(2 * CHANNELS_MAX);
	if (below(12) == 0)
		channel.cookie_low ^= 1U << below(32);
	if (below(12) == 0)
		channel.cookie_high ^= 1U << below(32);
	return channel;
}

/* All registers as they come; x7 and w0 mostly such that it is a call. */
static void call_anything(void)
{
	static const uint64_t kinds[] = {BACKDOOR_LOW, BACKDOOR_IN, BACKDOOR_OUT};
	struct backdoor r;

	for (unsigned int i = 0; i < 8; i++)
		r.x[i] = any_number();
	r.x[0] = (r.x[0] << 32) | BACKDOOR_MAGIC;
	r.x[2] = below(16) << 16 | below(70);
	r.x[3] = below(4) ? below(2 * CHANNELS_MAX) << 16 | (BACKDOOR_PORT + below(3)) : r.x[3];
	r.x[7] = below(4) ? kinds[below(3)] : UINT64_C(0x86) << 32 | (r.x[7] & 0xffffffff);
	if (r.x[7] == BACKDOOR_IN)
		r.x[5] = any_address();
	if (r.x[7] == BACKDOOR_OUT)
		r.x[4] = any_address();
	backdoor_call(&r);
}

static void call_message(void)
{
	struct channel channel = any_channel();
	enum message_type type = (enum message_type)below(9);
	uint32_t value = (uint32_t)any_bytes(), status;

	if (type == MESSAGE_OPEN || type == MESSAGE_CLOSE) {
		if (below(8))
			return;
		value = below(2) ? MESSAGE_COOKIES | (below(2) ? MESSAGE_RPCI : MESSAGE_TCLO)
				 : (uint32_t)any_number();
	}
	status = message(&channel, type, &value);
	self->successes += status & STATUS_SUCCESS;
	if (type == MESSAGE_OPEN && status & STATUS_SUCCESS) {
		(void)channel_close(&self->channel);
		self->channel = channel;
	}
}

/* Kernel memory, whoever asks and however: never. */
static void call_high(void)
{
	struct channel channel = any_channel();
	bool is_in = below(2);
	uint64_t address = any_address(), bytes = any_bytes();
	uint32_t status;

	if (below(2)) /* so that a transfer is what comes next */
		(void)message_send(&channel, is_in ? MESSAGE_RECVSIZE : MESSAGE_SENDSIZE,
				   (uint32_t)bytes);
	status = message_high(&channel, is_in, address, bytes);
	self->successes += status & STATUS_SUCCESS;
	if (status & STATUS_SUCCESS && address >= KERNEL && bytes != 0)
		fail("a transfer with kernel memory", address, bytes);
	if (status & STATUS_SUCCESS && !is_allowed(address, bytes, is_in ? PROT_WRITE : PROT_READ))
		fail("a transfer without the right to it", address, bytes);
}

/* ---- what must be right ---------------------------------------------------------------------- */

static void check_version(void)
{
	struct backdoor r = {{BACKDOOR_MAGIC, 0, BACKDOOR_GETVERSION, BACKDOOR_PORT,
			      rand_next(&self->seed), rand_next(&self->seed),
			      rand_next(&self->seed), BACKDOOR_LOW}};
	struct backdoor old = r;

	backdoor_call(&r);
	if ((uint32_t)r.x[0] != 6 || (uint32_t)r.x[1] != BACKDOOR_MAGIC)
		fail("GETVERSION", r.x[0], r.x[1]);
	for (unsigned int i = 3; i < 8; i++)
		if (r.x[i] != old.x[i])
			fail("GETVERSION changed a register", i, r.x[i]);
}

/* An honest message to be sent from the arena. */
struct sending {
	struct channel *channel;
	const uint8_t *command;
	uint32_t bytes;
	bool is_high, is_sent;
};

static void send_from_arena(void *arg)
{
	struct sending *s = arg;

	memcpy(self->arena, s->command, s->bytes);
	s->is_sent = channel_send(s->channel, self->arena, s->bytes, s->is_high);
}

/* The pages of the arena come and go: a fault ends it, which is no failure. */
static bool set_value(struct channel *channel, const uint8_t *command, uint32_t bytes, bool is_high)
{
	struct sending s = {channel, command, bytes, is_high, false};
	char reply[64];

	return attempt(send_from_arena, &s) && s.is_sent &&
	       channel_receive(channel, reply, sizeof(reply), is_high) >= 2 &&
	       memcmp(reply, "1 ", 2) == 0;
}

/*
 * Is the reply the value as it was set? Others take pages away, which are zeros when they come
 * back, perhaps before they were sent; and the last zero of a command is none of it.
 */
static bool is_value(const uint8_t *reply, int64_t got, const uint8_t *value, uint32_t bytes)
{
	if (got != (int64_t)bytes + 2 && got != (int64_t)bytes + 1)
		return false;
	if (memcmp(reply, "1 ", 2) != 0)
		return false;
	for (int64_t i = 0; i < got - 2; i++)
		if (reply[2 + i] != value[i] && reply[2 + i] != 0)
			return false;
	return true;
}

/* What was set from memory that others take away is there whole, if the host said that it is. */
static void check_value(void)
{
	static __thread uint8_t command[HONEST_MAX + 100], reply[HONEST_MAX + 100];
	uint32_t bytes = 2 + (uint32_t)below(HONEST_MAX), start;
	struct channel channel;
	int64_t got;

	if (!channel_open(&channel, MESSAGE_RPCI)) {
		self->refused++;
		return;
	}
	start = (uint32_t)sprintf((char *)command, "info-set guestinfo.%s%u ", prefix,
				  (unsigned int)(self - threads));
	for (uint32_t i = 0; i < bytes; i++)
		command[start + i] = (uint8_t)('!' + below(94));
	if (set_value(&channel, command, start + bytes, below(2))) {
		char *get = (char *)self->sealed; /* its first page */
		uint32_t length = (uint32_t)sprintf(get, "info-get guestinfo.%s%u", prefix,
						    (unsigned int)(self - threads));

		got = rpc(&channel, get, length, reply, sizeof(reply), below(2));
		if (!is_value(reply, got, command + start, bytes))
			fail("a value is not what was set", (uint64_t)got, bytes);
		self->honest++;
	}
	(void)channel_close(&channel);
}

static void call_random(void *arg)
{
	switch (below(3)) {
	case 0:
		call_anything();
		break;
	case 1:
		call_high();
		break;
	default:
		call_message();
	}
}

static void *work(void *arg)
{
	self = arg;
	(void)channel_open(&self->channel, MESSAGE_RPCI);
	for (uint64_t i = 0; i < rounds; i++) {
		self->calls++;
		switch (below(100)) {
		case 0:
			check_value();
			break;
		case 1:
			check_version();
			break;
		default:
			(void)attempt(call_random, NULL);
		}
		if (i % 256 == 0)
			check_sealed();
	}
	check_sealed();
	return NULL;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	uint64_t seed = argc > 2 ? strtoull(argv[1], NULL, 0) : 0;
	struct thread sum = {0};
	pthread_t mapper;

	rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	prefix = argc > 3 ? argv[3] : "fuzz";
	if (rounds == 0 || strlen(prefix) > 20) {
		puts("usage: toolsfuzz SEED ROUNDS [NAME]");
		return 2;
	}
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGBUS, &action, NULL);
	for (unsigned int i = 0; i < THREADS; i++) {
		threads[i].seed = seed + i * 0x1234567;
		threads[i].arena = map_pages();
		seal(&threads[i]);
	}
	if (pthread_create(&mapper, NULL, map_and_unmap, &seed) != 0)
		fail("no thread", 0, 0);
	for (unsigned int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i].id, NULL, work, &threads[i]) != 0)
			fail("no thread", i, 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i].id, NULL);
		sum.calls += threads[i].calls;
		sum.faults += threads[i].faults;
		sum.successes += threads[i].successes;
		sum.honest += threads[i].honest;
		sum.refused += threads[i].refused;
	}
	is_over = true;
	(void)pthread_join(mapper, NULL);
	printf("toolsfuzz: %llu calls, %llu faults, %llu successes, %llu values, %llu refused\n",
	       (unsigned long long)sum.calls, (unsigned long long)sum.faults,
	       (unsigned long long)sum.successes, (unsigned long long)sum.honest,
	       (unsigned long long)sum.refused);
	puts("toolsfuzz: ok");
	return 0;
}
