/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/prop.h"
#include "vmm/client.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vm.h"

/*
 * vmm/dirty.c with EL2 and caissond played by this file: EL2 notes what guest[] says, and wants a
 * block more at each call until it has room for all.
 */
#define BLOCKS 130 /* three calls of DIRTY_READ */
#define PAGES  (BLOCKS * 512 + 512)
#define WORDS  (PAGES / 64)

static uint8_t run_pages[CAISSON_BLOCK_BYTES];
static uint64_t guest[BLOCKS * 8];
static uint64_t tracked, room, donated;
static bool log_started;
static int log_file;
static uint64_t log_bytes;

enum caisson_status hyp_dirty_start(const struct hyp_token *t, uint64_t ipa, uint64_t blocks,
				    uint64_t *done)
{
	assert_int_equal(ipa, MACHINE_RAM + tracked * CAISSON_BLOCK_BYTES);
	*done = blocks < room ? blocks : room;
	tracked += *done;
	room -= *done;
	return *done < blocks ? CAISSON_NO_MEMORY : CAISSON_OK;
}

enum caisson_status hyp_dirty_read(const struct hyp_token *t, uint64_t ipa, uint64_t blocks,
				   void *bitmap)
{
	uint64_t first = (ipa - MACHINE_RAM) / CAISSON_BLOCK_BYTES;

	assert_true(blocks <= CAISSON_DIRTY_BLOCKS && first + blocks <= tracked);
	assert_ptr_equal(bitmap, run_pages + CAISSON_BLOCK_BYTES - 4096);
	memcpy(bitmap, &guest[first * 8], blocks * CAISSON_DIRTY_BYTES);
	memset(&guest[first * 8], 0, blocks * CAISSON_DIRTY_BYTES);
	return CAISSON_OK;
}

enum caisson_status hyp_dirty_stop(const struct hyp_token *t, uint64_t ipa, uint64_t blocks)
{
	tracked = 0;
	return CAISSON_OK;
}

const char *hyp_status_text(enum caisson_status status)
{
	return "";
}

enum err client_donate(struct client *c)
{
	if (donated == 8)
		return ERR_NO_MEMORY;
	donated++;
	room = 20;
	return ERR_OK;
}

void say(const char *format, ...)
{
}

static enum err start_log(void *arg, int file, uint64_t bytes)
{
	log_started = true;
	log_file = file;
	log_bytes = bytes;
	return ERR_OK;
}

static void stop_log(void *arg)
{
	log_started = false;
}

static struct vm vm;
static struct memory memory = {.run_pages = run_pages,
			       .ram_bytes = BLOCKS * CAISSON_BLOCK_BYTES,
			       .flash_bytes = CAISSON_BLOCK_BYTES};
static uint64_t bits[WORDS];

static void set_up(void)
{
	memset(&vm, 0, sizeof(vm));
	memset(bits, 0, sizeof(bits));
	memset(guest, 0, sizeof(guest));
	/* Nothing of it is touched. */
	memory.ram = (uint8_t *)UINT64_C(0x7f0000000000);
	memory.flash = memory.ram + memory.ram_bytes;
	vm.memory = &memory;
	room = donated = tracked = 0;
	dirty_init(&vm.dirty, &memory);
}

/* As who copies does it. */
static enum err start(void)
{
	enum err err = dirty_start(&vm);

	while (err == ERR_OK && (err = dirty_cover(&vm)) == ERR_NO_MEMORY) {
		err = client_donate(NULL);
		if (err != ERR_OK)
			break;
	}
	return err;
}

static void stop(void)
{
	dirty_uncover(&vm);
	assert_int_equal(tracked, 0);
	dirty_stop(&vm);
}

static uint64_t read_all(void)
{
	uint64_t pages;

	assert_int_equal(dirty_read(&vm, bits, &pages), ERR_OK);
	return pages;
}

static bool bit(uint64_t page)
{
	return bits[page / 64] >> (page % 64) & 1;
}

static void test_marks(void **state)
{
	set_up();
	assert_null(dirty_cannot(&vm));
	assert_int_equal(dirty_words(&vm), WORDS);
	dirty_mark(&vm.dirty, memory.ram, 1);
	dirty_mark(NULL, memory.ram, 1);
	assert_int_equal(start(), ERR_OK);
	assert_int_equal(donated, 7);
	assert_int_equal(read_all(), 0);
	dirty_mark(&vm.dirty, memory.ram + 4095, 2);
	dirty_mark(&vm.dirty, memory.ram + 70 * 4096, 0);
	dirty_mark(&vm.dirty, memory.flash + memory.flash_bytes - 1, 1);
	dirty_mark(&vm.dirty, memory.flash + memory.flash_bytes - 1, 2);
	dirty_mark(&vm.dirty, memory.ram - 1, 1);
	guest[0] = 1;
	guest[129 * 8 + 7] = BIT(63);
	assert_int_equal(read_all(), 4);
	assert_true(bit(0) && bit(1) && bit(129 * 512 + 511) && bit(PAGES - 1));
	assert_int_equal(read_all(), 0);
	/* Bits stay until the caller takes them away. */
	guest[0] = 1;
	assert_int_equal(read_all(), 0);
	assert_int_equal(dirty_start(&vm), ERR_UNSUPPORTED);
	dirty_mark(&vm.dirty, memory.ram, 1);
	stop();
	stop();
	dirty_mark(&vm.dirty, memory.ram + 4096, 1);
	memset(bits, 0, sizeof(bits));
	room = BLOCKS;
	assert_int_equal(start(), ERR_OK);
	assert_int_equal(read_all(), 0);
	/* The VM has ended meanwhile, and another start of the guest is tracked anew. */
	dirty_stop(&vm);
	tracked = 0;
	room = BLOCKS;
	dirty_init(&vm.dirty, &memory);
	assert_int_equal(start(), ERR_OK);
	stop();
	dirty_close(&vm.dirty);
}

static void test_no_room(void **state)
{
	uint64_t pages;

	set_up();
	donated = 8;
	room = 20;
	assert_int_equal(start(), ERR_NO_MEMORY);
	assert_int_equal(tracked, 20);
	assert_int_equal(dirty_read(&vm, bits, &pages), ERR_UNSUPPORTED);
	stop();
	assert_int_equal(dirty_read(&vm, bits, &pages), ERR_UNSUPPORTED);
	dirty_mark(&vm.dirty, memory.ram, 1);
	dirty_close(&vm.dirty);
}

static void test_sources(void **state)
{
	struct dirty_source good = {.start = start_log, .stop = stop_log};
	struct dirty_source bad = {.cannot = "it is a test"};
	uint8_t byte = 0x81;

	set_up();
	room = BLOCKS;
	dirty_add_source(&vm.dirty, &good);
	dirty_init(&vm.dirty, &memory);
	assert_int_equal(start(), ERR_OK);
	assert_true(log_started);
	assert_true(log_bytes * 8 >= MACHINE_RAM / 4096 + BLOCKS * 512);
	assert_int_equal(pwrite(log_file, &byte, 1, MACHINE_RAM / 4096 / 8 + 3), 1);
	assert_int_equal(read_all(), 2);
	assert_true(bit(24) && bit(31));
	assert_int_equal(read_all(), 0);
	stop();
	assert_false(log_started);
	dirty_add_source(&vm.dirty, &bad);
	assert_string_equal(dirty_cannot(&vm), "it is a test");
	assert_int_equal(dirty_start(&vm), ERR_UNSUPPORTED);
	assert_false(log_started);
	dirty_close(&vm.dirty);
}

#define MARKERS 3
#define MARKS   40000

static void *mark_all(void *arg)
{
	struct prop p = {.state = (uintptr_t)arg};

	for (int i = 0; i < MARKS; i++)
		dirty_mark(&vm.dirty, memory.ram + prop_below(&p, 300) * 4096, 1);
	return NULL;
}

/* What threads mark while it is read is told of once or more, and nothing else is. */
static void test_threads(void **state)
{
	pthread_t thread[MARKERS];

	set_up();
	room = BLOCKS;
	assert_int_equal(start(), ERR_OK);
	for (uintptr_t i = 0; i < MARKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, mark_all, (void *)(i + 1)), 0);
	for (int i = 0; i < 50; i++)
		(void)read_all();
	for (uintptr_t i = 0; i < MARKERS; i++)
		(void)pthread_join(thread[i], NULL);
	(void)read_all();
	for (uint64_t i = 0; i < PAGES; i++)
		assert_int_equal(bit(i), i < 300);
	stop();
	dirty_close(&vm.dirty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
