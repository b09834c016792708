// SPDX-License-Identifier: BSD-2-Clause
/* vmm/vhost_blk.c with a real back end: a disk that is let go, and taken back. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/kick.h"
#include "vmm/machine.h"
#include "vmm/say.h"
#include "vmm/vhost_blk.h"
#include "vmm/vm.h"

#define MEMORY_BYTES MIB(2)
#define LOG_BYTES    ((MACHINE_RAM + MEMORY_BYTES) / 4096 / 8)
#define WAIT_MS      20000

/* Where things are in the guest's memory, in pages. */
enum page { DESCRIPTORS = 3, AVAILABLE, USED, REQUEST, DATA = 10, STATUS = 13 };

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags, next;
};

static char path[] = "/tmp/caisson.qcow2.XXXXXX";
static struct vm vm_here, vm_other;
static struct vhost_blk disk, other;
static uint32_t ends, sources;
static uint16_t requests;

/* ---- what is left out ---------------------------------------------------------------------- */

void say(const char *format, ...)
{
}

void vm_end(struct vm *vm, enum vm_end how)
{
	ends++;
}

bool vm_has_ended(struct vm *vm)
{
	return false;
}

void vm_set_irq(struct vm *vm, uint32_t intid, bool level)
{
}

void *guestmem_at(const struct guestmem *m, uint64_t ipa, uint64_t bytes)
{
	return bits_contains(MACHINE_RAM, m->ram_bytes, ipa, bytes) ? m->ram + (ipa - MACHINE_RAM)
								    : NULL;
}

void dirty_add_source(struct dirty *d, struct dirty_source *source)
{
	sources += d == &vm_here.dirty;
}

/* ---- the guest ----------------------------------------------------------------------------- */

static uint64_t ipa(uint32_t page)
{
	return MACHINE_RAM + page * UINT64_C(4096);
}

static void drive(void)
{
	struct virtio *v = &disk.virtio;

	v->driver_features = VIRTIO_F_VERSION_1;
	v->queue[0].setup = (struct virtqueue_setup){.size = 16,
						     .descriptor = ipa(DESCRIPTORS),
						     .driver = ipa(AVAILABLE),
						     .device = ipa(USED)};
	assert_int_equal(virtio_ring_start(v, &v->queue[0].ring, &v->queue[0].setup), ERR_OK);
	v->started = true;
	atomic_store(&v->status, VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK);
	v->ops->start(v);
}

/* Reads a block; it is served within time. */
static void make_request(void)
{
	uint8_t *memory = vm_here.guestmem.ram;
	struct descriptor *d = (void *)(memory + DESCRIPTORS * 4096);
	volatile uint16_t *available = (void *)(memory + AVAILABLE * 4096);
	volatile uint16_t *used = (void *)(memory + USED * 4096);
	const struct timespec pause = {.tv_nsec = 1000000};

	memset(memory + REQUEST * 4096, 0, 16);
	memory[STATUS * 4096] = 0xff;
	d[0] = (struct descriptor){ipa(REQUEST), 16, 1, 1};
	d[1] = (struct descriptor){ipa(DATA), 4096, 3, 2};
	d[2] = (struct descriptor){ipa(STATUS), 1, 2, 0};
	available[2 + requests % 16] = 0;
	requests++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	available[1] = requests;
	kick_eventfd(disk.kick);
	for (int i = 0; used[1] != requests && i < WAIT_MS; i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(used[1], requests);
	assert_int_equal(memory[STATUS * 4096], 0);
}

/* ---- tests --------------------------------------------------------------------------------- */

static const struct disk_config config = {.path = path, .format = DISK_QCOW2};

static int set_up(void **state)
{
	char command[128];
	int file = memfd_create("memory", 0);

	(void)close(mkstemp(path));
	(void)snprintf(command, sizeof(command),
		       "command -v qemu-storage-daemon >/dev/null && "
		       "qemu-img create -q -f qcow2 %s 1M",
		       path);
	*state = system(command) == 0 ? path : NULL;
	if (*state == NULL)
		return 0;
	assert_int_equal(ftruncate(file, MEMORY_BYTES), 0);
	vm_here.guestmem = (struct guestmem){.ram_bytes = MEMORY_BYTES, .file = file};
	vm_here.guestmem.ram =
		mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(vm_here.guestmem.ram, MAP_FAILED);
	assert_int_equal(vhost_blk_open(&disk, &vm_here, 0, &config), ERR_OK);
	drive();
	make_request();
	return 0;
}

static int tear_down(void **state)
{
	vhost_blk_close(&disk);
	(void)unlink(path);
	return 0;
}

/* The VM's writes are tracked, it is stopped, does not go, and goes on. */
static void test_move_fails(void **state)
{
	int log = memfd_create("log", 0);

	if (*state == NULL)
		skip();
	assert_int_equal(ftruncate(log, LOG_BYTES), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(disk.dirty.start(disk.dirty.arg, log, LOG_BYTES), ERR_OK);
		make_request();
		assert_true(virtio_hold(&disk.virtio));
		vhost_blk_let_go(&disk);
		disk.dirty.stop(disk.dirty.arg);
		assert_int_equal(ends, 0);
		assert_int_equal(vhost_blk_take_back(&disk), ERR_OK);
		virtio_go_on(&disk.virtio);
		make_request();
	}
	assert_int_equal(sources, 1);
	assert_int_equal(ends, 0);
	(void)close(log);
}

/* It did not come to letting go: the daemon is the same one. */
static void test_not_let_go(void **state)
{
	pid_t before = disk.backend.pid;

	if (*state == NULL)
		skip();
	assert_true(virtio_hold(&disk.virtio));
	assert_int_equal(vhost_blk_take_back(&disk), ERR_OK);
	assert_int_equal(disk.backend.pid, before);
	virtio_go_on(&disk.virtio);
	make_request();
	assert_int_equal(ends, 0);
}

static void *drop_other(void *arg)
{
	const struct timespec pause = {.tv_nsec = 600000000};

	(void)nanosleep(&pause, NULL);
	vhost_blk_close(&other);
	return NULL;
}

/* The other side took it, failed, and lets go of it a little later. */
static void test_other_side(void **state)
{
	pthread_t thread;

	if (*state == NULL)
		skip();
	assert_true(virtio_hold(&disk.virtio));
	vhost_blk_let_go(&disk);
	assert_int_equal(vhost_blk_open(&other, &vm_other, 0, &config), ERR_OK);
	assert_int_not_equal(vhost_blk_take_over(&disk), ERR_OK);
	assert_true(disk.socket < 0 && disk.backend.pid == 0);
	assert_int_equal(pthread_create(&thread, NULL, drop_other, NULL), 0);
	assert_int_equal(vhost_blk_take_back(&disk), ERR_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	virtio_go_on(&disk.virtio);
	make_request();
	assert_int_equal(ends, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_move_fails),
					   cmocka_unit_test(test_not_let_go),
					   cmocka_unit_test(test_other_side)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
