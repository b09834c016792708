/* SPDX-License-Identifier: BSD-2-Clause */
/* vmm/vhost_user.c with a real back end, as far as notes of what that writes go. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/vhost_user.h"

#define DAEMON       "qemu-storage-daemon"
#define MEMORY_BYTES MIB(2)
#define LOG_BYTES    ((MACHINE_RAM + MEMORY_BYTES) / 4096 / 8)
#define SIZE         16
#define VERSION_1    BIT(32)
#define CONFIG_BYTES 60

/* Where things are in the guest's memory, in pages. */
enum page { DESCRIPTORS = 3, AVAILABLE, USED, REQUEST, DATA = 10, STATUS = 13 };

struct descriptor {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags, next;
};

static uint8_t *memory;
static uint8_t *log_bits;
static char disk[] = "/tmp/caisson.disk.XXXXXX";
static uint16_t requests;
static int kick, call;

static uint64_t ipa(uint32_t page)
{
	return MACHINE_RAM + page * UINT64_C(4096);
}

static int map(uint8_t **at, uint64_t bytes)
{
	int file = memfd_create("test", 0);

	assert_int_equal(ftruncate(file, (off_t)bytes), 0);
	*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(*at, MAP_FAILED);
	return file;
}

/* The daemon with a disk of zeros; false: there is no such program. */
static bool start_daemon(int *connection, pid_t *pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char blockdev[128];
	int file, listener;

	if (system("command -v " DAEMON " >/dev/null") != 0)
		return false;
	file = mkstemp(disk);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(blockdev, sizeof(blockdev), "driver=file,node-name=disk,filename=%s", disk);
	assert_int_equal(ftruncate(file, MIB(1)), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.sock", disk);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	*connection = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(*connection, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)unlink(address.sun_path);
	*pid = fork();
	if (*pid == 0) {
		(void)dup2(listener, 3);
		(void)execlp(DAEMON, DAEMON, "--blockdev", blockdev, "--export",
			     "type=vhost-user-blk,id=export,node-name=disk,addr.type=fd,addr.str=3",
			     NULL);
		_exit(1);
	}
	(void)close(listener);
	return true;
}

/* Reads 8 KiB of the disk into two pages, and waits for that. */
static void make_request(void)
{
	struct descriptor *d = (void *)(memory + DESCRIPTORS * 4096);
	volatile uint16_t *available = (void *)(memory + AVAILABLE * 4096);
	volatile uint16_t *used = (void *)(memory + USED * 4096);
	struct pollfd poll_call = {.fd = call, .events = POLLIN};
	uint64_t one = 1;

	memset(memory + REQUEST * 4096, 0, 16);
	memory[STATUS * 4096] = 0xff;
	d[0] = (struct descriptor){ipa(REQUEST), 16, 1, 1};
	d[1] = (struct descriptor){ipa(DATA), 8192, 3, 2};
	d[2] = (struct descriptor){ipa(STATUS), 1, 2, 0};
	available[2 + requests % SIZE] = 0;
	requests++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	available[1] = requests;
	assert_int_equal(write(kick, &one, sizeof(one)), sizeof(one));
	while (used[1] != requests)
		assert_int_equal(poll(&poll_call, 1, 20000), 1);
	assert_int_equal(memory[STATUS * 4096], 0);
}

static bool told(uint32_t page)
{
	uint64_t number = ipa(page) / 4096;

	return log_bits[number / 8] >> (number % 8) & 1;
}

/* All of what a request writes, or none of it. */
static void check_told(bool is)
{
	static const uint32_t page[] = {DATA, DATA + 1, STATUS, USED};
	uint64_t bits = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(page); i++)
		assert_int_equal(told(page[i]), is);
	for (uint64_t i = 0; i < LOG_BYTES; i++)
		bits += (uint64_t)__builtin_popcount(log_bits[i]);
	assert_int_equal(bits, is ? ARRAY_SIZE(page) : 0);
	memset(log_bits, 0, LOG_BYTES);
}

static void test_log(void **state)
{
	struct virtqueue_setup setup = {.size = SIZE, .device = ipa(USED)};
	struct guestmem guest = {.ram_bytes = MEMORY_BYTES};
	struct virtqueue ring = {.size = SIZE};
	uint8_t config[CONFIG_BYTES];
	struct vhost_user u;
	int connection = -1, log_file;
	pid_t pid = 0;

	if (!start_daemon(&connection, &pid))
		skip();
	guest.file = map(&memory, MEMORY_BYTES);
	guest.ram = memory;
	log_file = map(&log_bits, LOG_BYTES);
	kick = eventfd(0, 0);
	call = eventfd(0, 0);
	ring.descriptor = memory + DESCRIPTORS * 4096;
	ring.driver = memory + AVAILABLE * 4096;
	ring.device = memory + USED * 4096;
	assert_int_equal(vhost_user_begin(&u, connection, config, sizeof(config)), ERR_OK);
	assert_true(u.can_log);
	assert_int_equal(vhost_user_set_up(&u, VERSION_1, &guest), ERR_OK);
	assert_int_equal(vhost_user_start_queue(&u, 0, &ring, &setup, kick, call), ERR_OK);
	make_request();
	check_told(false);
	/* While the queue runs; and no longer. */
	assert_int_equal(vhost_user_log(&u, VERSION_1, log_file, LOG_BYTES, &ring, &setup), ERR_OK);
	make_request();
	check_told(true);
	make_request();
	check_told(true);
	assert_int_equal(vhost_user_log(&u, VERSION_1, -1, 0, &ring, &setup), ERR_OK);
	make_request();
	check_told(false);
	(void)close(connection);
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
	(void)unlink(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_log)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
