/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include "lib/cpio.h"

#define HEADER_BYTES 110

/* Whatever the archive is, its members lie within it and it ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct cpio_iter it = cpio_iter_init(data, bytes);
	struct cpio_file file, found;
	size_t members = 0;
	enum err err;

	while ((err = cpio_next(&it, &file)) == ERR_OK) {
		const uint8_t *name = (const uint8_t *)file.name;

		FUZZ_CHECK(name >= data && name < data + bytes);
		FUZZ_CHECK(memchr(name, 0, (size_t)(data + bytes - name)) != NULL);
		FUZZ_CHECK(file.data >= data && file.data <= data + bytes);
		FUZZ_CHECK(file.bytes <= (size_t)(data + bytes - file.data));
		FUZZ_CHECK(members++ < bytes / HEADER_BYTES);
		FUZZ_CHECK(cpio_find(data, bytes, file.name, &found) == ERR_OK);
		FUZZ_CHECK(found.data <= file.data);
	}
	FUZZ_CHECK(cpio_next(&it, &file) == err);
	FUZZ_CHECK(members == 0 || cpio_is_archive(data, bytes));
	return 0;
}
