/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cpio.h"
#include "tests/unit/prop.h"

#define HEADER_BYTES     110
#define FILES_MAX        6
#define SAMPLE_BYTES_MAX KIB(256)

struct archive {
	uint8_t *data;
	size_t bytes;
};

/* An archive in memory of its own, cut to bytes, so that ASan sees a read behind its end. */
static struct archive archive_cut(const struct archive *a, size_t bytes)
{
	struct archive cut = {.data = malloc(bytes), .bytes = bytes};

	memcpy(cut.data, a->data, bytes);
	return cut;
}

static void archive_append(struct archive *a, const void *data, size_t bytes)
{
	a->data = realloc(a->data, a->bytes + bytes + 4);
	memcpy(a->data + a->bytes, data, bytes);
	a->bytes += bytes;
	while (a->bytes % 4 != 0)
		a->data[a->bytes++] = 0;
}

/* A member written by hand, with the name's size as given. */
static void archive_add(struct archive *a, const char *name, size_t name_bytes, const void *data,
			size_t bytes)
{
	char header[HEADER_BYTES + 128];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zX%08x", 1, 0100644, 0, 0,
		 1, 0, bytes, 0, 0, 0, 0, name_bytes, 0);
	memcpy(header + HEADER_BYTES, name, name_bytes);
	archive_append(a, header, HEADER_BYTES + name_bytes);
	archive_append(a, data, bytes);
}

static void archive_add_text(struct archive *a, const char *name, const char *text)
{
	archive_add(a, name, strlen(name) + 1, text, strlen(text));
}

/* Everything that comes out lies within the archive, and it ends. */
static enum err check_bounds(const struct archive *a, size_t *members)
{
	struct cpio_iter it = cpio_iter_init(a->data, a->bytes);
	struct cpio_file file;
	enum err err;

	for (*members = 0; (err = cpio_next(&it, &file)) == ERR_OK; (*members)++) {
		const uint8_t *name = (const uint8_t *)file.name;

		assert_true(name >= a->data && name < a->data + a->bytes);
		assert_non_null(memchr(name, 0, (size_t)(a->data + a->bytes - name)));
		assert_true(file.data >= a->data && file.data <= a->data + a->bytes);
		assert_true(file.bytes <= (size_t)(a->data + a->bytes - file.data));
		assert_true(*members <= a->bytes / HEADER_BYTES);
	}

	size_t offset = it.offset;

	assert_int_equal(cpio_next(&it, &file), err);
	assert_int_equal(it.offset, offset);
	return err;
}

/* A directory of files of random bytes, and the archive that cpio(1) makes of it. */
struct sample {
	char dir[64];
	size_t count;
	size_t bytes[FILES_MAX];
	uint8_t *content[FILES_MAX];
	struct archive archive;
};

static const char *const sample_names[FILES_MAX] = {"kernel", "initrd",          "cmdline",
						    "a",      "sub-dir-name-01", "x.dtb"};

static void sample_archive(struct sample *s)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && find . -type f | cpio -o -H newc --quiet",
		 s->dir);

	FILE *f = popen(command, "r");

	assert_non_null(f);
	s->archive.data = malloc(SAMPLE_BYTES_MAX);
	s->archive.bytes = fread(s->archive.data, 1, SAMPLE_BYTES_MAX, f);
	assert_int_equal(pclose(f), 0);
}

static struct sample sample_make(struct prop *p, size_t bytes_max)
{
	struct sample s = {.dir = "/tmp/test_cpio.XXXXXX", .count = prop_below(p, FILES_MAX + 1)};
	char path[128];

	assert_non_null(mkdtemp(s.dir));
	for (size_t i = 0; i < s.count; i++) {
		s.bytes[i] = prop_one_in(p, 4) ? 0 : prop_below(p, bytes_max);
		s.content[i] = malloc(s.bytes[i]);
		for (size_t j = 0; j < s.bytes[i]; j++)
			s.content[i][j] = prop_u64(p);
		snprintf(path, sizeof(path), "%s/%s", s.dir, sample_names[i]);

		FILE *f = fopen(path, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(s.content[i], 1, s.bytes[i], f), s.bytes[i]);
		fclose(f);
	}
	sample_archive(&s);
	return s;
}

static void sample_free(struct sample *s)
{
	char path[128];

	for (size_t i = 0; i < s->count; i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, sample_names[i]);
		unlink(path);
		free(s->content[i]);
	}
	rmdir(s->dir);
	free(s->archive.data);
}

static void test_real_archives(void **state)
{
	struct prop p = prop_start(__func__);

	for (int round = 0; round < 20; round++) {
		struct sample s = sample_make(&p, 9000);
		struct cpio_file file;
		size_t members;

		assert_true(cpio_is_archive(s.archive.data, s.archive.bytes));
		assert_int_equal(check_bounds(&s.archive, &members), ERR_NOT_FOUND);
		assert_int_equal(members, s.count);
		for (size_t i = 0; i < FILES_MAX; i++) {
			enum err err =
				cpio_find(s.archive.data, s.archive.bytes, sample_names[i], &file);

			assert_int_equal(err, i < s.count ? ERR_OK : ERR_NOT_FOUND);
			if (i >= s.count)
				continue;
			assert_string_equal(file.name, sample_names[i]);
			assert_int_equal(file.bytes, s.bytes[i]);
			assert_memory_equal(file.data, s.content[i], s.bytes[i]);
		}
		sample_free(&s);
	}
}

/* Cut at every length: all that is whole is found, then the cut is reported. */
static void test_truncated_everywhere(void **state)
{
	struct archive a = {0};
	size_t end[3];
	size_t members;

	archive_add_text(&a, "kernel", "twelve bytes");
	end[0] = a.bytes;
	archive_add_text(&a, "./initrd", "seven b");
	end[1] = a.bytes - 1; /* without its padding it is whole */
	archive_add_text(&a, "TRAILER!!!", "");
	end[2] = a.bytes - 3;
	for (size_t bytes = 0; bytes <= a.bytes; bytes++) {
		struct archive cut = archive_cut(&a, bytes);

		assert_int_equal(check_bounds(&cut, &members),
				 bytes >= end[2] ? ERR_NOT_FOUND : ERR_TRUNCATED);
		assert_int_equal(members, (bytes >= end[0]) + (bytes >= end[1]));
		assert_int_equal(cpio_is_archive(cut.data, cut.bytes), bytes >= 6);
		free(cut.data);
	}
	free(a.data);
}

static void test_corrupt_everywhere(void **state)
{
	static const uint8_t values[] = {0,   '0', '1', '7', '9', 'f',  'F', 'g',
					 '/', ':', '@', '`', 'G', 0x80, 0xff};
	struct prop p = prop_start(__func__);
	struct sample s = sample_make(&p, 40);
	struct archive a = archive_cut(&s.archive, s.archive.bytes);
	size_t members;

	for (size_t i = 0; i < a.bytes; i++) {
		uint8_t good = a.data[i];

		for (size_t j = 0; j < sizeof(values); j++) {
			a.data[i] = values[j];
			check_bounds(&a, &members);
		}
		a.data[i] = good;
	}
	free(a.data);
	sample_free(&s);
}

/* One byte of a good archive replaced. */
static enum err corrupt(size_t offset, char value)
{
	struct archive a = {0};
	size_t members;

	archive_add_text(&a, "file", "content");
	archive_add_text(&a, "TRAILER!!!", "");
	a.data[offset] = (uint8_t)value;

	enum err err = check_bounds(&a, &members);

	free(a.data);
	return err;
}

static void test_invalid(void **state)
{
	assert_int_equal(corrupt(0, '0'), ERR_NOT_FOUND); /* as it was */
	assert_int_equal(corrupt(5, '2'), ERR_INVALID);   /* magic of the crc format */
	assert_int_equal(corrupt(0, 'x'), ERR_INVALID);
	assert_int_equal(corrupt(54, 'x'), ERR_INVALID); /* file size */
	assert_int_equal(corrupt(61, ' '), ERR_INVALID);
	assert_int_equal(corrupt(54, '1'), ERR_TRUNCATED);
	assert_int_equal(corrupt(94, '-'), ERR_INVALID); /* name size */
	assert_int_equal(corrupt(94, 'f'), ERR_TRUNCATED);
	assert_int_equal(corrupt(101, '0'), ERR_INVALID);  /* no name, not even a NUL */
	assert_int_equal(corrupt(101, '4'), ERR_INVALID);  /* no NUL */
	assert_int_equal(corrupt(111, '\0'), ERR_INVALID); /* a NUL within */
	assert_int_equal(corrupt(6, 'x'), ERR_NOT_FOUND);  /* a field that does not matter */
}

/* The last byte of the archive is the last of a name without a NUL. */
static void test_name_to_the_end(void **state)
{
	struct archive a = {0};
	struct cpio_file file;

	archive_add(&a, "ab", 2, "", 0);

	struct archive cut = archive_cut(&a, HEADER_BYTES + 2);

	assert_int_equal(cpio_find(cut.data, cut.bytes, "ab", &file), ERR_INVALID);
	free(cut.data);
	free(a.data);
}

/* Every value of a digit in every place of a size, in both cases. */
static void test_size_digits(void **state)
{
	char text[0x1000];

	memset(text, 'x', sizeof(text));
	for (size_t bytes = 0; bytes < 0x1000; bytes += bytes < 0x20 ? 1 : 0x111 - 0x10) {
		struct archive a = {0};
		struct cpio_file file;

		archive_add(&a, "file", 5, text, bytes);
		for (int upper = 0; upper < 2; upper++) {
			for (size_t i = 54; upper && i < 62; i++)
				a.data[i] = (uint8_t)toupper(a.data[i]);
			assert_int_equal(cpio_find(a.data, a.bytes, "file", &file), ERR_OK);
			assert_int_equal(file.bytes, bytes);
		}
		free(a.data);
	}
}

static void test_sizes_that_would_wrap(void **state)
{
	struct archive a = {0};
	struct cpio_file file;

	archive_add_text(&a, "file", "content");
	memset(a.data + 54, 'f', 8);
	assert_int_equal(cpio_find(a.data, a.bytes, "file", &file), ERR_TRUNCATED);
	memset(a.data + 94, 'f', 8);
	assert_int_equal(cpio_find(a.data, a.bytes, "file", &file), ERR_TRUNCATED);
	free(a.data);
}

static void test_names(void **state)
{
	struct archive a = {0};
	struct cpio_file file;

	archive_add_text(&a, "./kernel", "1");
	archive_add_text(&a, "kernel", "2");
	archive_add_text(&a, "kernel2", "3");
	archive_add_text(&a, "./", "4");
	archive_add_text(&a, "x/kernel3", "6");
	archive_add_text(&a, ".kernel4", "7");
	archive_add_text(&a, "TRAILER!!!", "");
	archive_add_text(&a, "behind", "5");
	assert_int_equal(cpio_find(a.data, a.bytes, "kernel", &file), ERR_OK);
	assert_int_equal(file.data[0], '1');
	assert_int_equal(cpio_find(a.data, a.bytes, "kernel2", &file), ERR_OK);
	assert_int_equal(file.data[0], '3');
	assert_int_equal(cpio_find(a.data, a.bytes, "", &file), ERR_OK);
	assert_int_equal(file.data[0], '4');
	assert_int_equal(cpio_find(a.data, a.bytes, "x/kernel3", &file), ERR_OK);
	assert_int_equal(cpio_find(a.data, a.bytes, ".kernel4", &file), ERR_OK);
	assert_int_equal(cpio_find(a.data, a.bytes, "kerne", &file), ERR_NOT_FOUND);
	assert_int_equal(cpio_find(a.data, a.bytes, "./kernel", &file), ERR_NOT_FOUND);
	assert_int_equal(cpio_find(a.data, a.bytes, "behind", &file), ERR_NOT_FOUND);
	free(a.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_archives),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_corrupt_everywhere),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_name_to_the_end),
		cmocka_unit_test(test_size_digits),
		cmocka_unit_test(test_sizes_that_would_wrap),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
