// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "vmm/statemem.h"

/* ---- a small stream in memory -------------------------------------------------------------- */

#define IMAGE_BYTES 65536

struct image {
	size_t bytes;
	uint8_t byte[IMAGE_BYTES];
};

static int image_file(const struct image *image)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->byte, image->bytes), image->bytes);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* A block with a page of text, one of zeros and one of noise. */
static void fill_block(uint8_t *block)
{
	memset(block, 0, STATEMEM_BLOCK_BYTES);
	memset(block + 3 * SNAPSHOT_PAGE_BYTES, 'x', 100);
	for (uint32_t i = 0; i < 64; i++)
		block[(size_t)511 * SNAPSHOT_PAGE_BYTES + i * 61] = (uint8_t)(i * 37);
}

static void make_image(struct image *image)
{
	static const uint64_t all[STATEMEM_WORDS] = {[0 ... STATEMEM_WORDS - 1] = UINT64_MAX};
	uint8_t *block = malloc(STATEMEM_BLOCK_BYTES);
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct statemem memory;
	struct stream s;

	assert_non_null(block);
	fill_block(block);
	assert_int_equal(statemem_init(&memory), ERR_OK);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	assert_int_equal(stream_begin(&s, SNAPSHOT_FILE), ERR_OK);
	assert_int_equal(stream_write(&s, SNAPSHOT_CONFIG, 0, 1, "name = a", 8), ERR_OK);
	assert_int_equal(stream_write_parts(&s, SNAPSHOT_UART, 1, 2, "ab", 2, "cde", 3), ERR_OK);
	assert_int_equal(statemem_write(&memory, &s, 0x40000000, block, all, false), ERR_OK);
	assert_int_equal(stream_write(&s, SNAPSHOT_END, 0, 1, NULL, 0), ERR_OK);
	image->bytes = atomic_load(&s.bytes);
	assert_true(image->bytes < IMAGE_BYTES);
	assert_int_equal(pread(fd, image->byte, IMAGE_BYTES, 0), image->bytes);
	statemem_close(&memory);
	stream_close(&s);
	(void)close(fd);
	free(block);
}

/* Reads all of it: how the reading ends, and what is said of it. */
static enum err read_image(const struct image *image, char error[STREAM_ERROR_BYTES],
			   uint32_t *sections)
{
	static struct statemem memory;
	struct statemem_block block;
	struct stream_section section = {0};
	struct snapshot_header header;
	struct stream s;
	int fd = image_file(image);
	enum err err;

	*sections = 0;
	if (memory.pages == NULL)
		assert_int_equal(statemem_init(&memory), ERR_OK);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	err = stream_open(&s, SNAPSHOT_FILE, &header);
	while (err == ERR_OK && section.id != SNAPSHOT_END) {
		err = stream_read(&s, &section);
		if (err == ERR_OK && section.id == SNAPSHOT_MEMORY)
			err = statemem_read(&memory, &s, &section, &block);
		*sections += err == ERR_OK;
	}
	assert_true((err == ERR_OK) == (stream_error(&s)[0] == '\0'));
	assert_null(strchr(stream_error(&s), '\n'));
	memcpy(error, stream_error(&s), STREAM_ERROR_BYTES);
	stream_close(&s);
	(void)close(fd);
	return err;
}

static void seal_header(struct image *image)
{
	struct snapshot_header header;

	memcpy(&header, image->byte, sizeof(header));
	header.checksum = XXH3_64bits(&header, offsetof(struct snapshot_header, checksum));
	memcpy(image->byte, &header, sizeof(header));
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
	static struct image image;
	struct stream_section section;
	struct snapshot_header header;
	struct stream s;
	char text[5];
	int fd;

	make_image(&image);
	fd = image_file(&image);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	assert_int_equal(stream_open(&s, SNAPSHOT_FILE, &header), ERR_OK);
	assert_int_equal(stream_read(&s, &section), ERR_OK);
	assert_int_equal(section.id, SNAPSHOT_CONFIG);
	assert_memory_equal(section.contents, "name = a", 8);
	assert_int_equal(stream_read(&s, &section), ERR_OK);
	assert_int_equal(section.instance, 1);
	assert_int_equal(stream_take(&s, &section, 2, text, 5, false), ERR_OK);
	assert_memory_equal(text, "abcde", 5);
	assert_int_equal(stream_take(&s, &section, 2, text, 4, true), ERR_OK);
	assert_int_equal(stream_read(&s, &section), ERR_OK);
	assert_int_equal(section.id, SNAPSHOT_MEMORY);
	assert_int_equal(stream_read(&s, &section), ERR_OK);
	assert_int_equal(section.id, SNAPSHOT_END);
	assert_int_equal(stream_read(&s, &section), ERR_INVALID);
	stream_close(&s);
	(void)close(fd);
}

static void test_take(void **state)
{
	struct stream s = {0};
	struct stream_section section = {
		.id = SNAPSHOT_UART, .version = 3, .bytes = 4, .contents = (const uint8_t *)"1234"};
	char text[8];

	assert_int_equal(stream_take(&s, &section, 2, text, 4, false), ERR_UNSUPPORTED);
	assert_string_equal(stream_error(&s), "serial port: version 3, and this Caisson knows 2");
	s = (struct stream){0};
	assert_int_equal(stream_take(&s, &section, 3, text, 5, true), ERR_INVALID);
	s = (struct stream){0};
	assert_int_equal(stream_take(&s, &section, 3, text, 3, false), ERR_INVALID);
	/* The first error stays. */
	assert_int_equal(stream_take(&s, &section, 2, text, 4, false), ERR_INVALID);
	assert_string_equal(stream_error(&s), "serial port: 4 bytes, which cannot be");
}

static void test_every_truncation(void **state)
{
	static struct image image, cut;
	char error[STREAM_ERROR_BYTES];
	uint32_t sections;

	make_image(&image);
	for (cut = image; cut.bytes-- != 0;) {
		assert_int_equal(read_image(&cut, error, &sections), ERR_TRUNCATED);
		assert_true(strstr(error, cut.bytes == 0 ? "is empty" : "cut off") != NULL);
	}
}

static void test_every_bit(void **state)
{
	static struct image image;
	char error[STREAM_ERROR_BYTES];
	uint32_t sections;

	make_image(&image);
	for (size_t bit = 0; bit < image.bytes * 8; bit++) {
		image.byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(read_image(&image, error, &sections), ERR_INVALID);
		image.byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(read_image(&image, error, &sections), ERR_OK);
	assert_int_equal(sections, 4);
}

/* With checksums that are right. */
static void test_header(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
		enum err err;
		const char *error;
	} table[] = {
		{offsetof(struct snapshot_header, version) + 2, 2, ERR_UNSUPPORTED,
		 "it has version 2.0 of the format, and this is of version 1"},
		{offsetof(struct snapshot_header, machine), 9, ERR_UNSUPPORTED,
		 "it is of machine model 9, and this Caisson makes model 1"},
		{offsetof(struct snapshot_header, kind), SNAPSHOT_MIGRATION, ERR_INVALID,
		 "it is a migration, and not a snapshot's file"},
		{offsetof(struct snapshot_header, reserved), 1, ERR_INVALID,
		 "it is of another kind"},
		{0, 'x', ERR_INVALID, "it is no snapshot of Caisson's"},
	};
	static struct image image;
	char error[STREAM_ERROR_BYTES];
	uint32_t sections;

	for (uint32_t i = 0; i < ARRAY_SIZE(table); i++) {
		make_image(&image);
		image.byte[table[i].offset] = table[i].value;
		seal_header(&image);
		assert_int_equal(read_image(&image, error, &sections), table[i].err);
		assert_string_equal(error, table[i].error);
	}
}

/* Sections that are left out or come twice, each of them whole. */
static void test_order(void **state)
{
	const size_t first = sizeof(struct snapshot_header);
	const size_t second = first + sizeof(struct snapshot_section) + 8;
	static struct image image, other;
	char error[STREAM_ERROR_BYTES];
	uint32_t sections;

	make_image(&image);
	memcpy(other.byte, image.byte, first);
	memcpy(other.byte + first, image.byte + second, image.bytes - second);
	other.bytes = image.bytes - (second - first);
	assert_int_equal(read_image(&other, error, &sections), ERR_INVALID);
	assert_non_null(strstr(error, "out of its order"));
	memcpy(other.byte, image.byte, second);
	memcpy(other.byte + second, image.byte + first, image.bytes - first);
	other.bytes = image.bytes + (second - first);
	assert_int_equal(read_image(&other, error, &sections), ERR_INVALID);
	assert_int_equal(sections, 1);
}

static void *cancel_it(void *arg)
{
	(void)usleep(1000);
	stream_cancel(arg);
	return NULL;
}

static void test_wait(void **state)
{
	struct snapshot_header header;
	struct stream s;
	pthread_t thread;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(stream_init(&s, ends[0], 10), ERR_OK);
	assert_int_equal(stream_open(&s, SNAPSHOT_FILE, &header), ERR_BUSY);
	stream_close(&s);
	assert_int_equal(stream_init(&s, ends[0], 0), ERR_OK);
	assert_int_equal(pthread_create(&thread, NULL, cancel_it, &s), 0);
	assert_int_equal(stream_open(&s, SNAPSHOT_FILE, &header), ERR_DENIED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	stream_close(&s);
	(void)close(ends[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(stream_init(&s, ends[1], 0), ERR_OK);
	assert_int_equal(stream_begin(&s, SNAPSHOT_MIGRATION), ERR_TRUNCATED);
	assert_string_equal(stream_error(&s), "the other end has closed");
	stream_close(&s);
	(void)close(ends[1]);
}

static void test_memory(void **state)
{
	static const uint64_t some[STATEMEM_WORDS] = {[0] = 0xe, [7] = BIT(63)};
	uint8_t *block = malloc(STATEMEM_BLOCK_BYTES), *to = malloc(STATEMEM_BLOCK_BYTES);
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_section section;
	struct statemem_block got;
	struct statemem memory;
	struct stream s;

	fill_block(block);
	memset(to, 0x55, STATEMEM_BLOCK_BYTES);
	assert_int_equal(statemem_init(&memory), ERR_OK);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	assert_int_equal(statemem_write(&memory, &s, 0x200000, block, some, true), ERR_OK);
	assert_int_equal(memory.data_pages, 2);
	assert_int_equal(memory.zero_pages, 2);
	stream_close(&s);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(stream_init(&s, fd, 0), ERR_OK);
	assert_int_equal(stream_read(&s, &section), ERR_OK);
	assert_int_equal(statemem_read(&memory, &s, &section, &got), ERR_OK);
	assert_int_equal(got.ipa, 0x200000);
	statemem_put(&got, to);
	for (uint32_t i = 0; i < SNAPSHOT_BLOCK_PAGES; i++) {
		const size_t at = (size_t)i * SNAPSHOT_PAGE_BYTES;
		bool sent = i == 1 || i == 2 || i == 3 || i == 511;

		if (sent)
			assert_memory_equal(to + at, block + at, SNAPSHOT_PAGE_BYTES);
		else
			assert_int_equal(to[at], 0x55);
	}
	stream_close(&s);
	(void)close(fd);
	statemem_close(&memory);
	free(block);
	free(to);
}

/* Contents that are wrong behind checksums that are right. */
static void test_forged_memory(void **state)
{
	struct {
		struct snapshot_memory head;
		uint8_t frame[32];
	} forged = {.head.ipa = 0x40000000};
	struct stream_section section = {.id = SNAPSHOT_MEMORY,
					 .version = 1,
					 .bytes = sizeof(forged),
					 .contents = (const uint8_t *)&forged};
	struct statemem_block block;
	struct statemem memory;
	struct stream s = {0};

	assert_int_equal(statemem_init(&memory), ERR_OK);
	assert_int_equal(statemem_read(&memory, &s, &section, &block), ERR_INVALID);
	s = (struct stream){0};
	forged.head.data[0] = 1; /* a page, and no frame */
	section.bytes = sizeof(forged.head);
	assert_int_equal(statemem_read(&memory, &s, &section, &block), ERR_INVALID);
	s = (struct stream){0};
	forged.head.zero[0] = 1;
	assert_int_equal(statemem_read(&memory, &s, &section, &block), ERR_INVALID);
	assert_string_equal(stream_error(&s), "memory: a page comes twice");
	s = (struct stream){0};
	forged.head.data[0] = 0;
	forged.head.ipa += 4096;
	assert_int_equal(statemem_read(&memory, &s, &section, &block), ERR_INVALID);
	s = (struct stream){0};
	forged.head.ipa -= 4096;
	assert_int_equal(statemem_read(&memory, &s, &section, &block), ERR_OK);
	statemem_close(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_forged_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
